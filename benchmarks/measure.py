"""The other end of `benchmarks.processes.call_in_process`: calls one function, prints what it returns as JSON."""

import importlib
import json
import sys

if __name__ == "__main__":
    module, function, arguments = sys.argv[1:]
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(f"\n{json.dumps(result)}")
