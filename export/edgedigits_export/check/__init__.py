"""Whether a file answers as the Keras model does: its answers in every engine, the gate that judges them, targets."""
