"""The border to plugins: whatever a stranger's code raises or hands over becomes plain values, or one kind of fault.

One module for each kind of plugin; `blame` says who was at fault and where, `plain` takes what is handed over.
"""
