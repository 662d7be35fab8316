"""The folder that libhdf5 looks into: the extension module here is the filter plugin too."""
