// What the window shows on the screen of a virtual display, read from the display's own memory
// (Xvfb -fbdir), so that what is tested is what would be seen.
#pragma once

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace hfc::test {

namespace fs = std::filesystem;

/// A copy of the screen's memory: an XWD file.
class Screen {
  public:
    explicit Screen(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
        if (bytes_.size() > 100) {
            width_ = field(4);
            height_ = field(5);
            line_ = field(12);
            start_ = field(0) + field(19) * 12;
        }
    }
    int width() const { return width_; }
    int height() const { return height_; }
    /// 0xRRGGBB
    uint32_t at(int x, int y) const {
        uint32_t pixel = 0;
        std::memcpy(&pixel,
                    bytes_.data() + start_ + static_cast<ptrdiff_t>(y) * line_ +
                        static_cast<ptrdiff_t>(x) * 4,
                    4);
        return pixel & 0xFFFFFFU;
    }

  private:
    int field(int index) const {
        const auto* byte = reinterpret_cast<const unsigned char*>(bytes_.data()) +
                           static_cast<ptrdiff_t>(index) * 4;
        return byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
    }
    std::string bytes_;
    int width_ = 0, height_ = 0, line_ = 0, start_ = 0;
};

class DisplayTest : public testing::Test {
  protected:
    void SetUp() override {
        if (std::system("command -v xvfb-run >/dev/null && command -v xdotool >/dev/null") != 0) {
            GTEST_SKIP() << "xvfb-run and xdotool (Debian: xvfb, xdotool) are not installed";
        }
        fs::create_directories(folder_ / "screen");
    }
    ~DisplayTest() override {
        std::error_code ignored;  // the display takes its own file away meanwhile
        fs::remove_all(folder_, ignored);
    }

    fs::path run() const { return folder_ / "run"; }
    /// A shell's commands on a display of their own, in the test's folder, for so many seconds at
    /// most. $VIEWER and $HOST are the programs, $RUN is run() and $OUT the folder. `open RUN`
    /// starts the viewer and waits for its window; `screen NAME` keeps what is to be seen, without
    /// the pointer on it; `click X Y`; `save FILE` saves all panels and waits for this one, and
    /// so for all clicks before it; `lines N` waits for so many events.
    int shell(const std::string& commands, int most_seconds = 90) const {
        std::ofstream(folder_ / "test.sh")
            << "VIEWER='" << HFC_VIEWER_PROGRAM << "' HOST='" << HFC_HOST_PROGRAM << "' RUN='"
            << run().string() << "' OUT='" << folder_.string() << "'\ncd \"$OUT\"\n"
            << "export XDG_STATE_HOME=\"$OUT/state\"\n"
            << "open() { \"$VIEWER\" --size 1000x700 \"$1\" & viewer=$!; xdotool search --sync "
               "--name 'hfc viewer' windowfocus --sync; "
               "sleep 0.5; }\n"
               "screen() { xdotool mousemove 100 480; sleep 0.8; cp screen/Xvfb_screen0 "
               "\"$1.xwd\"; }\n"
               "click() { xdotool mousemove $1 $2 sleep 0.1 click 1 sleep 0.3; }\n"
               "save() { xdotool search --name 'hfc viewer' key s; for _ in {1..200}; do [ -s "
               "\"$1\" ] && break; sleep 0.1; done; }\n"
               "close_window() { xdotool search --name 'hfc viewer' key q; wait $viewer; }\n"
               "lines() { for _ in {1..200}; do [ \"$(wc -l <run/metrics.jsonl 2>/dev/null || echo "
               "0)\" -ge $1 ] && return; sleep 0.1; "
               "done; }\n"
            << commands;
        const auto command = "timeout " + std::to_string(most_seconds) +
                             " xvfb-run -a -s '-screen 0 1400x900x24 -fbdir " +
                             (folder_ / "screen").string() + "' bash '" +
                             (folder_ / "test.sh").string() + "' 2>'" +
                             (folder_ / "errors").string() + "'";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    /// What stands in a file of the test's folder.
    std::string text_of(const std::string& name) const {
        std::ifstream file(folder_ / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    Screen screen(const std::string& name) const { return Screen(folder_ / (name + ".xwd")); }

    fs::path folder_ =
        fs::temp_directory_path() / ("hfc-viewer-test-" + std::to_string(::getpid()));
};

}  // namespace hfc::test
