"""Time-activity curves, their fit models and time-integrated activity."""
