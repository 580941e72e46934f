"""How good a model is outside the pictures it learned from: robust, calibrated, and able to say 'not a digit'.

From the inside out: `models` opens a Keras model or an exported file, `corruptions` spoils the test images,
`outliers` and `shapes` make what is no digit, `benchmark` holds all that, made once for every model, `measures` are the
statistics, `evaluating` puts a model through the benchmark, `record`, `reliability` and `pictures` show what came out,
`card` keeps the tables of a model card up to date.

    from edgedigits_train.evaluation.benchmark import build_benchmark
    from edgedigits_train.evaluation.evaluating import evaluate
    from edgedigits_train.evaluation.models import open_model

    evaluation = evaluate(open_model(None), build_benchmark())
    print(evaluation.robustness.mean, evaluation.outliers.worst)

`metrics` and `plots` are what a training says of itself; `photos` scores a reader on photos with a truth beside them.
"""
