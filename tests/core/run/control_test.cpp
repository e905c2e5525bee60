#include "run/control.h"

#include "scratch.h"

namespace hfc::run {
namespace {

using Control = Scratch;

TEST_F(Control, what_is_written_is_read) {
    EXPECT_EQ(read_request(folder_), Request::go_on) << "no file";
    for (const auto request : {Request::pause, Request::stop}) {
        ASSERT_TRUE(write_request(folder_, request));
        EXPECT_EQ(read_request(folder_), request);
    }
    ASSERT_TRUE(write_request(folder_, Request::go_on));
    EXPECT_FALSE(std::filesystem::exists(control_file(folder_)));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 0)
        << "no temporary file is left";
}

TEST_F(Control, anything_else_asks_for_nothing) {
    for (const std::string text :
         {"", "\n", "stopp", "STOP", "pausepausepause", "\xff\x00", " stop"}) {
        std::ofstream(control_file(folder_)) << text;
        EXPECT_EQ(read_request(folder_), Request::go_on) << text;
    }
    for (const std::string text : {"stop", "stop\n", "stop\r\n", "stop  \n"}) {
        std::ofstream(control_file(folder_)) << text;
        EXPECT_EQ(read_request(folder_), Request::stop) << text;
    }
    EXPECT_FALSE(write_request(folder_ / "missing", Request::stop));
}

}  // namespace
}  // namespace hfc::run
