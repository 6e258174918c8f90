"""VClamp: a virtual voltage-clamp rig."""

__version__ = "0.1.0"
