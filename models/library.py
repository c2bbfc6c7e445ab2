"""The whole networks of papers by name. Import strings, so that listing them imports no torch. `creation.create` makes them."""

from __future__ import annotations

from typing import Any, NamedTuple


class ModelEntry(NamedTuple):
    """Where the function that makes a network lives, whose it is, and the input that its multiply-adds are counted for."""

    path: str  # "module:function", the module relative to this package
    paper: str  # authors, year and title
    input_shape: tuple[int, ...]  # of one example
    options: dict[str, Any] = {}  # noqa: RUF012  # arguments that the name stands for; nobody writes to it
    tokens: bool = False  # whether it reads ids of tokens and not floating-point numbers
    more_inputs: tuple[tuple[int, ...], ...] = ()  # shapes of the arguments behind the first, of one example each


_SSD = "Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg 2016: SSD: Single Shot MultiBox Detector"
_DENSENET = "Huang, Liu, van der Maaten, Weinberger 2017: Densely Connected Convolutional Networks"
_FCN = "Long, Shelhamer, Darrell 2015: Fully Convolutional Networks for Semantic Segmentation"
_RESNET = "He, Zhang, Ren, Sun 2016: Deep Residual Learning for Image Recognition"
_IMAGENET = (3, 224, 224)

LIBRARY: dict[str, ModelEntry] = {
    # Vision.
    "autoencoder": ModelEntry(
        ".vision.vae:autoencoder",
        "Hinton, Salakhutdinov 2006: Reducing the Dimensionality of Data with Neural Networks",
        (3, 64, 64),
    ),
    "densenet121": ModelEntry(".vision.densenet:densenet", _DENSENET, _IMAGENET, {"depth": 121}),
    "densenet161": ModelEntry(".vision.densenet:densenet", _DENSENET, _IMAGENET, {"depth": 161}),
    "densenet169": ModelEntry(".vision.densenet:densenet", _DENSENET, _IMAGENET, {"depth": 169}),
    "densenet201": ModelEntry(".vision.densenet:densenet", _DENSENET, _IMAGENET, {"depth": 201}),
    "fcn32s": ModelEntry(".vision.fcn:fcn", _FCN, (3, 512, 512), {"stride": 32}),
    "fcn16s": ModelEntry(".vision.fcn:fcn", _FCN, (3, 512, 512), {"stride": 16}),
    "fcn8s": ModelEntry(".vision.fcn:fcn", _FCN, (3, 512, 512), {"stride": 8}),
    "mobilenet_v1": ModelEntry(
        ".vision.mobilenet:mobilenet_v1",
        "Howard et al. 2017: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        _IMAGENET,
    ),
    "resnet18": ModelEntry(".vision.resnet:resnet", _RESNET, _IMAGENET, {"depth": 18}),
    "resnet34": ModelEntry(".vision.resnet:resnet", _RESNET, _IMAGENET, {"depth": 34}),
    "resnet50": ModelEntry(".vision.resnet:resnet", _RESNET, _IMAGENET, {"depth": 50}),
    "resnet101": ModelEntry(".vision.resnet:resnet", _RESNET, _IMAGENET, {"depth": 101}),
    "resnet152": ModelEntry(".vision.resnet:resnet", _RESNET, _IMAGENET, {"depth": 152}),
    "segnet": ModelEntry(
        ".vision.segnet:segnet",
        "Badrinarayanan, Kendall, Cipolla 2017: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation",
        (3, 360, 480),
    ),
    "unet": ModelEntry(
        ".vision.unet:unet",
        "Ronneberger, Fischer, Brox 2015: U-Net: Convolutional Networks for Biomedical Image Segmentation",
        (1, 572, 572),
    ),
    "vae": ModelEntry(
        ".vision.vae:vae", "Kingma, Welling 2014: Auto-Encoding Variational Bayes (Ha, Schmidhuber 2018)", (3, 64, 64)
    ),
    "vgg16": ModelEntry(
        ".vision.vgg:vgg16",
        "Simonyan, Zisserman 2015: Very Deep Convolutional Networks for Large-Scale Image Recognition",
        _IMAGENET,
    ),
    # Sequences.
    "causal_transformer": ModelEntry(
        ".sequence.transformer:causal_transformer",
        "Radford et al. 2018: Improving Language Understanding by Generative Pre-Training",
        (32,),
        tokens=True,
    ),
    "decision_transformer": ModelEntry(
        ".sequence.decision_transformer:decision_transformer",
        "Chen et al. 2021: Decision Transformer: Reinforcement Learning via Sequence Modeling",
        (20,),
        more_inputs=((20, 17), (20, 6), (20,)),
    ),
    "hred": ModelEntry(
        ".sequence.hred:hred",
        "Sordoni et al. 2015: A Hierarchical Recurrent Encoder-Decoder For Generative Context-Aware Query Suggestion",
        (32,),
        tokens=True,
    ),
    "language_model": ModelEntry(
        ".sequence.language_model:language_model",
        "Zaremba et al. 2014: Recurrent Neural Network Regularization",
        (32,),
        tokens=True,
    ),
    "mdn_rnn": ModelEntry(".sequence.mdn_rnn:mdn_rnn", "Ha, Schmidhuber 2018: World Models", (32, 32), more_inputs=((32, 3),)),
    "seq2seq": ModelEntry(
        ".sequence.seq2seq:seq2seq",
        "Bahdanau et al. 2015: Neural Machine Translation by Jointly Learning to Align and Translate",
        (32,),
        tokens=True,
        more_inputs=((32,),),
    ),
    "transformer": ModelEntry(
        ".sequence.transformer:transformer",
        "Vaswani et al. 2017: Attention Is All You Need",
        (32,),
        tokens=True,
        more_inputs=((32,),),
    ),
    "vhred": ModelEntry(
        ".sequence.vhred:vhred",
        "Serban et al. 2017: A Hierarchical Latent Variable Encoder-Decoder Model for Generating Dialogues",
        (32,),
        tokens=True,
    ),
    "wavenet": ModelEntry(
        ".sequence.wavenet:wavenet", "van den Oord et al. 2016: WaveNet: A Generative Model for Raw Audio", (1024,), tokens=True
    ),
    "word2vec": ModelEntry(
        ".sequence.word2vec:word2vec",
        "Mikolov et al. 2013: Distributed Representations of Words and Phrases and their Compositionality",
        (10,),
        tokens=True,
        more_inputs=((6,),),
    ),
    # Objects in images.
    "ssd": ModelEntry(".detection.ssd:ssd", _SSD, (3, 300, 300)),
    "ssd300": ModelEntry(".detection.ssd:ssd300", _SSD, (3, 300, 300)),
    "ssd512": ModelEntry(".detection.ssd:ssd512", _SSD, (3, 512, 512)),
}
