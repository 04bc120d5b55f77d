import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # campaigns/ belongs to the project, but not to the package
