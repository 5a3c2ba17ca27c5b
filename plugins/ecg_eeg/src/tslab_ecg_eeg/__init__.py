"""ECG and EEG domains for tslab: ontologies, readers and segmenters."""
