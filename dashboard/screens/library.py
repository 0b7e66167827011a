"""What is registered, and what hangs on it?"""

from dashboard.parts.heading import heading

heading(
    "What is registered here?",
    "Models under audit and datasets of images: add, look into, rename, delete.",
)
