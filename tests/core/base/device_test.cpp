#include "base/device.h"

#include "base/error.h"
#include "cuda.h"

#include <gmock/gmock.h>

namespace hfc {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Device, Names) {
    EXPECT_EQ(parse_device("cpu"), at::Device(at::kCPU));
    EXPECT_EQ(parse_device("auto").is_cuda(), cuda_status().usable);
    for (const auto* name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:999", "CPU", ""}) {
        EXPECT_THAT([&] { parse_device(name); },
                    ThrowsMessage<Error>(HasSubstr("unknown device '" + std::string(name) + "'")))
            << name;
    }
}

TEST(Device, CudaWithoutAGpuSaysWhy) {
    if (cuda_status().usable) {
        GTEST_SKIP() << "this machine has a GPU";
    }
    EXPECT_FALSE(cuda_status().reason.empty());
    EXPECT_THAT([] { parse_device("cuda"); },
                ThrowsMessage<Error>(HasSubstr(cuda_status().reason)));
}

TEST(CudaDevice, DevicesAreNumbered) {
    HFC_NEEDS_CUDA();
    EXPECT_EQ(parse_device("cuda"), at::Device(at::kCUDA, 0));
    EXPECT_THAT([] { parse_device("cuda:100"); },
                ThrowsMessage<Error>(HasSubstr("does not exist")));
    EXPECT_NO_THROW(synchronize(parse_device("cuda")));
}

}  // namespace
}  // namespace hfc
