"""A recorded run as machine code for very many points, made by LLVM. Needs llvmlite."""

from gdviz.tracing.llvm.kernel import Ground, Kernel
from gdviz.tracing.llvm.writer import BLOCK

__all__ = ["BLOCK", "Ground", "Kernel"]
