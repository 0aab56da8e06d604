# The parts of CTranslate2 that the engine uses; the package itself carries no types.
from numpy.typing import NDArray
import numpy as np

class StorageView:
    @staticmethod
    def from_array(array: NDArray[np.float32]) -> StorageView: ...

def get_cuda_device_count() -> int: ...
def set_random_seed(seed: int) -> None: ...
