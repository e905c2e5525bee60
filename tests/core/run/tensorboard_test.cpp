#include "run/tensorboard.h"

#include "files.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hfc::run {
namespace {

// tests/fixtures/tensorboard/generate.py lets TensorBoard write the same events.
TEST(TensorBoard, records_are_those_that_it_writes_itself) {
    const double time = 1.5e9;
    const std::string png("\x89PNG\r\n\x1a\nno picture, but bytes");
    std::string records;
    for (const auto& event :
         {tensorboard_start(time),
          tensorboard_event(TensorBoardValue{.tag = "natural/accuracy/train low r=4",
          .time = time + 0.25,
          .step = 300,
          .scalar = 0.1F}),
          tensorboard_event(
              TensorBoardValue{.tag = "loss", .time = time + 1, .scalar = std::nanf("")}),
          tensorboard_event(TensorBoardImage{.tag = "kernels",
          .time = time + 2,
          .step = 5'000'000'000,
          .height = 16,
          .width = 300,
          .png = png})}) {
        records += tensorboard_record(event);
    }
    EXPECT_EQ(records, test::read_bytes(HFC_FIXTURES "/tensorboard/events.bin"));
}

}  // namespace
}  // namespace hfc::run
