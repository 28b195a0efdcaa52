"""The layers that every request passes before the framework; two of them answer frequent requests early."""
