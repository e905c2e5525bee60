# The only place for the versions of what tools/setup installs from PyPI.
# cmake/FindLibTorch.cmake has the oldest usable LibTorch.
# shellcheck shell=bash disable=SC2034
torch_version=2.15.0
# libtorch_cpu itself needs libcudart and libcupti, also where there is no GPU.
cuda_runtime_version=13.2.86
cuda_cupti_version=13.2.86
