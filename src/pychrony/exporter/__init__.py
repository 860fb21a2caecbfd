"""chronyd's reports for Prometheus: `pychrony exporter` serves them, `pychrony metrics` prints them once.

Both need the package prometheus-client, which is the extra pychrony[exporter]. Importing this package does not.
"""
