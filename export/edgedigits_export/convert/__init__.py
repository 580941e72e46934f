"""From a Keras model to the content of TFLite and ONNX files: formats, graphs, and which layers stay in float."""
