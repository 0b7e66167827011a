"""Do other methods find the same members?"""

from dashboard.parts.heading import heading

heading(
    "How do other methods compare?",
    "Published membership-inference attacks beside MINT auditors, on the same held-out images.",
)
