"""One folder per published system: what it is, how it is run, and where its sound lands. Data, not code to import.

The folders lie beside this file where vsseval is installed from a wheel (setup.py puts them there), and in `baselines/`
at the top of a checkout, which `vsseval.plugins` finds from there.
"""
