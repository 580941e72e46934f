"""Export: from the Keras model to TFLite and ONNX files that were proved equal to it.

    from edgedigits_export.exporting import export_bundle

    bundle = export_bundle(Path("build/train"), Path("build/bundle"))
    bundle.files[0].engines          # the engines in which the preferred file passed the gate

`formats` holds one module per format, `gate` what a file must answer, `evidence` how it is run in every engine,
`publishing` how a bundle appears all at once or not at all.
"""

from edgedigits.telemetry import switch_telemetry_off

switch_telemetry_off()
