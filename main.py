"""Start VClamp from a checkout: python main.py"""

import sys

try:
    from vclamp.cli import main
except ModuleNotFoundError as missing:
    sys.exit(f"VClamp needs the package '{missing.name}': run `pip install -e .` here first.")

if __name__ == "__main__":
    sys.exit(main())
