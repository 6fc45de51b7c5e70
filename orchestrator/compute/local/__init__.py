"""The engine ``local``: workers as processes of this machine."""
