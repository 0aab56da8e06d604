# The parts of CTranslate2 that the engine uses; the package itself carries no types.
import numpy as np
from numpy.typing import NDArray

class StorageView:
    @staticmethod
    def from_array(array: NDArray[np.float32]) -> StorageView: ...

def get_cuda_device_count() -> int: ...
def set_random_seed(seed: int) -> None: ...
