"""Export: from the Keras model to TFLite and ONNX files that were proved equal to it.

    from edgedigits_export.exporting import export_bundle

    bundle = export_bundle(Path("build/train"), Path("build/bundle"))
    bundle.files[0].engines          # the engines in which the preferred file passed the gate

Three rooms lie between a training and a bundle: `convert` makes the content of files, `check` runs them in every engine
and judges their answers, `publish` writes what stands beside them and lets the bundle appear all at once or not at all.
"""

from edgedigits.telemetry import switch_telemetry_off

switch_telemetry_off()
