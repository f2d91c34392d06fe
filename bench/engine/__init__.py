"""Where work runs: processes of this machine, or a Dask cluster. `base` says what the steps see of it, `connect` opens one."""
