// Suppresses standard error: OpenCV and libpng print problems that the caller's errors already
// describe.
#pragma once

namespace hfc::image_file {

/// While a Quiet object exists, anything that its thread writes to std::cerr is dropped.
class Quiet {
  public:
    Quiet();
    ~Quiet();
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
};

}  // namespace hfc::image_file
