"""The study of gradient flow: the configuration of the Gradient flow page."""

from dataclasses import dataclass

from gdviz.catalogue import Setup, part
from gdviz.gradflow.cliff import CliffRuns
from gdviz.gradflow.dynamics import Training
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import Recurrent


@dataclass(frozen=True)
class Study(Setup):
    """A deep network and its training, a recurrent network, and runs down the cliff.

    >>> link = Study().to_link()
    >>> link["depth"], link["initializer"], link["training"], "clip" in link
    (['20'], ['glorot,distribution=uniform'], ['steps=100,samples=512'], False)
    """

    noun = "a study"

    training: Training = part(Training)
    recurrent: Recurrent = part(Recurrent)
    cliff: CliffRuns = part(CliffRuns, prefix="cliff_")

    @property
    def network(self) -> Network:
        """The deep network, which is that of the training."""
        return self.training.network
