# Inputs and parameters of the rules of generators.smk.


def generator_file(name):
    """The file of a generator: the one that the configuration names, else the one that is trained here."""
    trained = CONFIG.generator(name).trained
    return own_file(trained) if trained else f"resources/generators/{name}/generator.safetensors"


def learned_from(pattern):
    """The files of the splits that a generator learns from."""

    def paths(wildcards):
        generator = CONFIG.generator(wildcards.generator)
        return [
            pattern.format(dataset=learns.dataset, split=learns.split, region=generator.region)
            for learns in generator.learns
        ]

    return paths
