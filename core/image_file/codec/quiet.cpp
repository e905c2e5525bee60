#include "image_file/codec/quiet.h"

#include <dlfcn.h>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include <iostream>
#include <streambuf>

namespace hfc::image_file {
namespace {

thread_local int quiet_depth = 0;

/// Discards what a quiet thread writes and passes on everything else.
class Filter : public std::streambuf {
  public:
    explicit Filter(std::streambuf* next) : next_(next) {}

  protected:
    int_type overflow(int_type c) override {
        if (quiet_depth > 0 || traits_type::eq_int_type(c, traits_type::eof())) {
            return traits_type::not_eof(c);
        }
        return next_->sputc(traits_type::to_char_type(c));
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        return quiet_depth > 0 ? count : next_->sputn(text, count);
    }
    int sync() override { return next_->pubsync(); }

  private:
    std::streambuf* next_;
};

/// Set once and for the rest of the process, because the module stays loaded.
const bool set = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    // If a decoder throws, cv::imdecode() writes the reason to std::cerr.
    std::cerr.rdbuf(new Filter(std::cerr.rdbuf()));
    return true;
}();

}  // namespace

Quiet::Quiet() {
    ++quiet_depth;
}

Quiet::~Quiet() {
    --quiet_depth;
}

}  // namespace hfc::image_file

// OpenCV keeps libpng's own error handlers, which print messages. The dynamic linker searches this
// module before libpng, so OpenCV calls the function below, which sets silent handlers.
extern "C" {

struct png_struct_def;
using Message = void (*)(png_struct_def*, const char*);

[[noreturn]] static void png_failed(png_struct_def* png, const char*) {
    using Jump = void (*)(png_struct_def*, int);
    static const auto jump = reinterpret_cast<Jump>(::dlsym(RTLD_DEFAULT, "png_longjmp"));
    jump(png, 1);
    __builtin_unreachable();
}

static void png_warned(png_struct_def*, const char*) {}

__attribute__((visibility("default"))) png_struct_def* png_create_read_struct(const char* version,
                                                                              void* user, Message,
                                                                              Message) {
    using Create = png_struct_def* (*)(const char*, void*, Message, Message);
    static const auto create =
        reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "png_create_read_struct"));
    return create(version, user, png_failed, png_warned);
}

}  // extern "C"
