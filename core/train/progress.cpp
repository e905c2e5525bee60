#include "train/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace hfc::train {
namespace {

constexpr auto redraw_interval = std::chrono::milliseconds(100);

/// The columns of the terminal, or 80 if they are unknown. Queried each time, because the window
/// size can change.
size_t terminal_width(int descriptor) {
    winsize size = {};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string prefix(const std::string& title) {
    return title.empty() ? title : fmt::format("{}: ", title);
}

}  // namespace

std::string format_seconds(double seconds) {
    if (!(seconds >= 0 && seconds < 1e9)) {
        return "?";
    }
    const auto total = std::llround(seconds);
    const auto hours = total / 3600, minutes = total / 60 % 60, rest = total % 60;
    return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest)
                     : fmt::format("{}:{:02}", minutes, rest);
}

std::string live_line(const std::string& title, const Progress& progress, size_t width) {
    const auto where = progress.batch > 0
                           ? fmt::format("batch {}/{}", progress.batch, progress.batches)
                           : std::string("probes");
    auto line = fmt::format("{}epoch {}/{}, {}, loss {:.4f}, {:.0f} images/s, {} left",
                            prefix(title), progress.epoch, progress.epochs, where, progress.loss,
                            progress.images_per_second, format_seconds(progress.seconds_left));
    line.resize(std::min(line.size(), width));
    return line;
}

std::string epoch_line(const std::string& title, const EpochResult& result, int64_t epochs) {
    auto line =
        fmt::format("{}epoch {}/{}, loss {:.4f}", prefix(title), result.epoch, epochs, result.loss);
    for (const auto& [name, accuracy] : result.accuracy) {
        line += fmt::format(", {} {:.3f}", name, accuracy);
    }
    line +=
        fmt::format(", {:.0f} images/s, {:.1f} s", result.images_per_second, result.train_seconds);
    if (!result.accuracy.empty()) {
        line += fmt::format(" + {:.1f} s probes", result.probe_seconds);
    }
    return line;
}

ProgressLine::ProgressLine(std::string title, int descriptor)
    : title_(std::move(title)), descriptor_(descriptor), live_(isatty(descriptor) == 1) {}

ProgressLine::~ProgressLine() {
    erase();
}

void ProgressLine::on_batch(const Progress& progress) {
    const auto now = Clock::now();
    if (!live_ || now < next_draw_) {
        return;
    }
    next_draw_ = now + redraw_interval;
    // The last column stays free, because a character there makes some terminals wrap.
    write(fmt::format("\r{}\x1b[K", live_line(title_, progress, terminal_width(descriptor_) - 1)));
    drawn_ = true;
}

void ProgressLine::on_epoch(const EpochResult& result, int64_t epochs) {
    erase();
    write(fmt::format("{}\n", epoch_line(title_, result, epochs)));
}

void ProgressLine::erase() {
    if (drawn_) {
        write("\r\x1b[K");
        drawn_ = false;
    }
}

void ProgressLine::write(const std::string& text) const {
    // Progress lines are not results: if one cannot be written, training continues.
    [[maybe_unused]] const auto written = ::write(descriptor_, text.data(), text.size());
}

}  // namespace hfc::train
