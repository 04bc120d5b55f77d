from working_folder import work

__all__ = ["work"]
