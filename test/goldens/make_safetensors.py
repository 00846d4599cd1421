"""Makes the safetensors goldens with the reference library: pip install safetensors==0.8.0 numpy

Run in this folder: python make_safetensors.py
Given a file, prints its tensors instead, for checking what another writer made:
python make_safetensors.py FILE
"""

import json
import struct
import sys

import numpy as np
from safetensors import TensorSpec, safe_open, serialize_file


def bf16(values: np.ndarray) -> np.ndarray:
    """Round to nearest even, as 16-bit words."""
    words = values.astype(np.float32).view(np.uint32)
    return ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).astype(np.uint16)


def make() -> None:
    values = np.concatenate(
        [
            np.random.default_rng(7).standard_normal(20).astype(np.float32),
            np.array(
                [0.0, -0.0, 1.0, -1.5, 65504.0, 65519.9, 65520.0, 1e6, -1e6, 6e-5, 5.97e-8, 2.98e-8,
                 2.99e-8, 1e-10, 2048.5, 2049.5, 1.00048828125, 1.00146484375, np.inf, -np.inf],
                dtype=np.float32,
            ),
        ]
    )
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    brain = bf16(values)
    tensors = {
        "f32": ("float32", [5, 8], values),
        "f16": ("float16", [40], half),
        "bf16": ("bfloat16", [8, 5], brain),
        "i8": ("int8", [3], np.array([-128, 0, 127], np.int8)),
        "u8": ("uint8", [3], np.array([0, 128, 255], np.uint8)),
        "i32": ("int32", [2, 1], np.array([-(2**31), 2**24], np.int32)),
        "i64": ("int64", [2], np.array([-3, 2**40], np.int64)),
        "f64": ("float64", [1], np.array([1.0])),
        "empty": ("float32", [0, 4], np.zeros(0, np.float32)),
        "scalar": ("float32", [], np.array([2.5], np.float32)),
        "__proto__": ("float32", [1], np.array([-7], np.float32)),
    }
    serialize_file(
        {
            name: TensorSpec(dtype=dtype, shape=shape, data_ptr=data.ctypes.data, data_len=data.nbytes)
            for name, (dtype, shape, data) in tensors.items()
        },
        "small.safetensors",
        metadata={"format": "pt", "naïve": "漢字"},
    )
    expected = {
        "f32": words(values),
        "f16": words(half.astype(np.float32)),
        "f16Bits": [int(word) for word in half.view(np.uint16)],
        "bf16": words((brain.astype(np.uint32) << 16).view(np.float32)),
        "bf16Bits": [int(word) for word in brain],
    }
    with open("small.safetensors.json", "w", encoding="utf-8") as file:
        json.dump(expected, file)
        file.write("\n")


def words(values: np.ndarray) -> list[int]:
    """The bits of 32-bit floats, since JSON has no infinities."""
    return [int(word) for word in values.view(np.uint32)]


def show(path: str) -> None:
    with safe_open(path, "np") as file:
        print(json.dumps(file.metadata()))
        for name in sorted(file.keys()):
            tensor = file.get_slice(name)
            print(name, tensor.get_dtype(), tensor.get_shape())
            if tensor.get_dtype() != "BF16":
                print(struct.unpack(f"{file.get_tensor(name).nbytes}B", file.get_tensor(name).tobytes())[:24])


if len(sys.argv) > 1:
    show(sys.argv[1])
else:
    make()
