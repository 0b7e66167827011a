"""What is this workbench running on, and what can it not tell?"""

from dashboard.parts.heading import heading

heading(
    "What runs here, and how far can it be trusted?",
    "The machine, the versions, the settings, and the method in one page with its limits.",
)
