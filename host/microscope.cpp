#include "host/microscope.h"

#include "base/device.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/call.h"
#include "bindings/runtime/state.h"
#include "data/load.h"
#include "host/evidence/command_words.h"
#include "host/microscope_window.h"
#include "microscope/microscope.h"

#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace hfc::host {
namespace {

using microscope::Message;
using microscope::MessageJson;
using microscope::Microscope;

struct MicroscopeWords {
    std::string network, data, dataset = "cifar10", device = "auto";
    bool normalised = false;
    int image_size = 224, threads = 0;
};

MicroscopeWords parse_microscope(const std::vector<std::string>& words) {
    MicroscopeWords line;
    CLI::App app(
        "Shows a test image, its low and high frequencies, and what a network predicts for each "
        "of them. To choose the frequencies, drag a radius, a ring or a wedge, or paint a mask.");
    app.add_option("NET", line.network,
                   "a .pt2, .pth, .th, .pt or .safetensors file, or a run directory")
        ->required();
    app.add_option("--data", line.data, "directory that contains the data sets")->type_name("DIR");
    app.add_option("--dataset", line.dataset, "data set: cifar10, mnist, folder:DIR ...")
        ->capture_default_str();
    app.add_flag("--normalised", line.normalised,
                 "first normalise the images with ImageNet's mean and standard deviation");
    app.add_option("--image-size", line.image_size,
                   "image size for folder:DIR and tar:FILE, in pixels")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--device", line.device, "auto (CUDA if available), cpu, cuda or cuda:N")
        ->capture_default_str();
    app.add_option("--threads", line.threads,
                   "number of CPU threads; 0 means one per core for large images, and one thread "
                   "for small images, because that is fastest while the window is being drawn")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    parse_words(app, "microscope", "NET [options]", words);
    return line;
}

/// Loads the network and the images as a script would.
constexpr const char* load = R"lua(
local network, dataset, normalised, image_size = ...
local folder = string.find(dataset, "^folder:") or string.find(dataset, "^tar:")
local data = hfc.data(dataset, folder and {image_size = image_size} or {})
local model = hfc.saved_model(network)
if not model then
  error(string.format("'%s' is neither a network file nor a run directory", network), 0)
end
if normalised then model = hfc.normalised(model) end
return model, data.test
)lua";

/// The first line of the error at the top of the stack, without its position in `load`.
std::string error_text(lua_State* L) {
    lua_getglobal(L, "tostring");
    lua_insert(L, -2);
    const bool readable = lua_pcall(L, 1, 1, 0) == 0 && lua_tostring(L, -1) != nullptr;
    std::string text = readable ? lua_tostring(L, -1) : "cannot load the network";
    text = text.substr(0, text.find('\n'));
    constexpr std::string_view place = "microscope:";
    if (text.starts_with(place)) {
        const auto end = text.find_first_not_of("0123456789", place.size());
        text = end != std::string::npos && text[end] == ':' ? text.substr(end + 2) : text;
    }
    return text;
}

/// Loads the network and the images that `line` names into `state`.
std::pair<model::ModelPtr, data::Dataset> load_parts(lua::State& state,
                                                     const MicroscopeWords& line) {
    lua_State* const L = state.get();
    if (luaL_loadbuffer(L, load, std::char_traits<char>::length(load), "=microscope") != 0) {
        fail("{}", error_text(L));
    }
    for (const auto* const text : {&line.network, &line.dataset}) {
        lua_pushlstring(L, text->data(), text->size());
    }
    lua_pushboolean(L, line.normalised ? 1 : 0);
    lua_pushinteger(L, line.image_size);
    if (state.call(4, 2) != 0) {
        check_interrupt();
        fail("{}", error_text(L));
    }
    auto network = lua::to_model(L, lua::Value(L, lua_gettop(L) - 1, "network"));
    return {network, lua::Value(L, lua_gettop(L), "images").object<data::Dataset>()};
}

double number_of(const MessageJson& json, const char* key, double usual) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? found->get<double>() : usual;
}

microscope::Shape shape_of(const Message& request) {
    using Kind = microscope::Shape::Kind;
    const auto kind = static_cast<int>(number_of(request.head, "kind", 0));
    require(kind >= 0 && kind <= static_cast<int>(Kind::painted), "unknown kind of mask {}", kind);
    microscope::Shape shape;
    shape.kind = static_cast<Kind>(kind);
    shape.inner = number_of(request.head, "inner", 0);
    shape.outer = number_of(request.head, "outer", 0);
    shape.from = number_of(request.head, "from", 0);
    shape.to = number_of(request.head, "to", 0);
    shape.painted = request.bytes;
    return shape;
}

void append(std::vector<uint8_t>& bytes, const at::Tensor& pixels) {
    const auto* const data = pixels.data_ptr<uint8_t>();
    bytes.insert(bytes.end(), data, data + pixels.numel());
}

Message pictures_message(const microscope::Pictures& seen, const MessageJson& request,
                         const data::Dataset& images) {
    Message reply;
    reply.head = {{"stage", "pictures"},
                  {"id", request.value("id", 0)},
                  {"image", request.value("image", 0)},
                  {"height", seen.x.size(2)},
                  {"width", seen.x.size(3)}};
    if (images.has_labels()) {
        const auto image = request.value("image", int64_t{0});
        reply.head["label"] = images.slice(image, image + 1).labels().item<int64_t>();
    }
    constexpr double grey = 0.5;  // the mean of a high part is zero
    append(reply.bytes, microscope::to_pixels(seen.x));
    append(reply.bytes, microscope::to_pixels(seen.low));
    append(reply.bytes, microscope::to_pixels(seen.high, grey));
    append(reply.bytes, microscope::to_pixels(seen.spectrum));
    append(reply.bytes, microscope::to_pixels(seen.mask));
    return reply;
}

Message answers_message(const microscope::Answers& answers, const MessageJson& request) {
    Message reply;
    reply.head = {{"stage", "answers"},
                  {"id", request.value("id", 0)},
                  {"labels", answers.labels},
                  {"probabilities", MessageJson::array()}};
    for (int64_t row = 0; row < answers.probabilities.size(0); ++row) {
        const auto* const values = answers.probabilities[row].const_data_ptr<double>();
        reply.head["probabilities"].push_back(
            std::vector<double>(values, values + answers.probabilities.size(1)));
    }
    append(reply.bytes, microscope::to_pixels(answers.gradient));
    return reply;
}

/// Answers one request: sends the pictures immediately, then the network's answers. If a newer
/// request is waiting and the last answer was slow, the network's answers are skipped. Returns
/// false once the window is gone.
bool answer(const Microscope& scope, const Message& request, MicroscopeWindow& window) {
    const auto start = std::chrono::steady_clock::now();
    const auto milliseconds = [&] {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count();
    };
    try {
        const auto image = static_cast<int64_t>(number_of(request.head, "image", 0));
        const auto seen = scope.see(image, shape_of(request));
        auto pictures = pictures_message(seen, request.head, scope.images());
        pictures.head["milliseconds"] = milliseconds();
        if (!window.send(std::move(pictures))) {
            return false;
        }
        constexpr double soon = 100;  // in milliseconds
        if (window.has_newer() && window.last_answer_took() > soon) {
            return true;
        }
        auto answers = answers_message(scope.ask(seen), request.head);
        answers.head["milliseconds"] = milliseconds();
        window.answer_took(milliseconds());
        return window.send(std::move(answers));
    } catch (const Error& error) {
        Message reply;
        reply.head = {
            {"stage", "error"}, {"id", request.head.value("id", 0)}, {"error", error.what()}};
        return window.send(std::move(reply));
    }
}

Message greeting(const Microscope& scope, const MicroscopeWords& line,
                 const model::Model& network) {
    const auto& images = scope.images();
    const auto& names = network.class_names.empty() ? images.class_names() : network.class_names;
    Message hello;
    hello.head = {{"stage", "hello"},
                  {"network", line.network},
                  {"dataset", images.name()},
                  {"images", images.size()},
                  {"classes", names}};
    return hello;
}

}  // namespace

int microscope(const std::vector<std::string>& words) {
    const auto line = parse_microscope(words);
    set_default_device(parse_device(line.device));
    if (!line.data.empty()) {
        require(std::filesystem::is_directory(line.data),
                "microscope: option --data: '{}' is not a directory", line.data);
        data::set_root(line.data);
    }
    require_display();
    install_interrupt_handler();
    lua::State state(lua::whole_api());
    try {
        const auto [network, images] = load_parts(state, line);
        constexpr int64_t small = 64;
        const bool is_small = std::max(images.height(), images.width()) <= small;
        if (line.threads > 0 || is_small) {
            at::set_num_threads(std::max(line.threads, 1));
        }
        const Microscope scope(network, images);
        MicroscopeWindow window;
        if (window.send(greeting(scope, line, *network))) {
            while (const auto request = window.newest()) {
                if (!answer(scope, *request, window)) {
                    break;
                }
            }
        }
        return window.wait();
    } catch (const Interrupted&) {
        return interrupt_status();  // the window has closed with its pipe
    } catch (const Error& error) {
        fail("microscope: {}", error.what());
    }
}

}  // namespace hfc::host
