// A picture in the memory of the graphics card.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <vector>

namespace hfc::viewer {

class Texture {
  public:
    Texture() = default;
    ~Texture();
    Texture(const Texture&) = delete;
    Texture& operator=(const Texture&) = delete;

    /// rgb: [height, width, 3].
    void set(int width, int height, const std::vector<uint8_t>& rgb);
    bool empty() const { return number_ == 0; }
    ImTextureID id() const;

  private:
    unsigned number_ = 0;
};

}  // namespace hfc::viewer
