# The versions of the packages that tools/setup installs from PyPI are defined only here.
# cmake/FindLibTorch.cmake defines the oldest usable version of LibTorch.
# shellcheck shell=bash disable=SC2034
torch_version=2.15.0
# libtorch_cpu itself needs libcudart and libcupti, even without a GPU.
cuda_runtime_version=13.2.86
cuda_cupti_version=13.2.86
