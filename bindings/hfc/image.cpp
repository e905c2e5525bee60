// Run:image.
#include "base/counted.h"
#include "bindings/hfc/figure_files.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "run/run.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

/// A list of strings, or a list of such lists, one per row.
std::vector<std::string> read_captions(lua_State* L, const Value& value) {
    std::vector<std::string> captions;
    const auto rows = lua_istable(L, value.index()) ? lua_objlen(L, value.index()) : 0;
    for (size_t row = 1; row <= rows; ++row) {
        lua_rawgeti(L, value.index(), static_cast<int>(row));
        const Value part(L, lua_gettop(L), fmt::format("option 'captions', row {}", row));
        const auto texts = part.texts();
        captions.insert(captions.end(), texts.begin(), texts.end());
        lua_pop(L, 1);
    }
    return rows == 0 ? value.texts() : captions;
}

/// "each", or {black, white}.
plot::PixelRange read_range(lua_State* L, const Value& value) {
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        require(value.text() == "each",
                "option 'range': expected \"each\" or two numbers {{black, white}}, got '{}'",
                value.text());
        return {.each = true};
    }
    const auto bounds = value.numbers();
    require(bounds.size() == 2,
            "option 'range': expected \"each\" or two numbers {{black, white}}, got {}",
            counted(bounds.size(), "number"));
    return {bounds[0], bounds[1]};
}

/// The rows of an image grid: one tensor, a list of tensors, or a list of lists of tensors. The
/// tensors of an inner list are concatenated.
std::vector<at::Tensor> read_rows(lua_State* L, const Value& value) {
    if (to_tensor(L, value.index()) != nullptr || !lua_istable(L, value.index())) {
        return read_tensors(L, value, "row");
    }
    std::vector<at::Tensor> rows;
    for (size_t i = 1; i <= lua_objlen(L, value.index()); ++i) {
        lua_rawgeti(L, value.index(), static_cast<int>(i));
        std::vector<at::Tensor> here;
        const Value row(L, lua_gettop(L), fmt::format("{}, row {}", value.name(), i));
        for (const auto& part : read_tensors(L, row, "image")) {
            here.push_back(part.cpu());
        }
        lua_pop(L, 1);
        require(!here.empty(), "{}: row {} is empty", value.name(), i);
        for (const auto& part : here) {
            require(part.dim() == 4 && part.sizes().slice(1) == here.front().sizes().slice(1),
                    "{}: expected images [N, C, H, W] of the same size, got [{}]", row.name(),
                    fmt::join(part.sizes(), ", "));
        }
        rows.push_back(at::cat(here));
    }
    return rows;
}

/// The rows as one batch. name: their name in error messages.
at::Tensor join(const std::vector<at::Tensor>& rows, const std::string& name) {
    for (const auto& row : rows) {
        require(row.dim() == 4 && row.sizes() == rows.front().sizes(),
                "{}: expected rows of the same shape [N, C, H, W], got [{}] after [{}]", name,
                fmt::join(row.sizes(), ", "), fmt::join(rows.front().sizes(), ", "));
    }
    return at::cat(rows);
}

int image(Call& call) {
    call.at_most(4);
    const auto run = call.argument(1, "run").object<std::shared_ptr<run::Run>>();
    const std::string name = call.argument(2, "name").text();
    const auto argument = call.argument(3, "images");
    const auto images = read_rows(call.L, argument);
    const bool in_rows = to_tensor(call.L, 3) == nullptr;
    require(!images.empty(), "{}: expected at least one row, got none", argument.name());
    auto options = call.options(4);
    plot::ImageGrid grid;
    plot::PixelRange range;
    run::Json event = run::Json::object();
    grid.columns = options.integer(
        "columns", in_rows && images.front().dim() > 0 ? images.front().size(0) : grid.columns);
    grid.headings = options.texts("headings", {});
    grid.title = options.text("title", "");
    options.with("captions",
                 [&](const Value& value) { grid.captions = read_captions(call.L, value); });
    options.with("range", [&](const Value& value) { range = read_range(call.L, value); });
    options.with("series", [&](const Value& value) { event["series"] = value.text(); });
    options.with("epoch", [&](const Value& value) { event["epoch"] = value.integer(); });
    const bool figure = options.boolean("figure", true);
    options.finish();
    grid.images = plot::to_bytes(join(images, argument.name()), range);
    return call.returns(figure_files(call.L, "run:image", run->image(name, grid, event, figure)));
}

const std::vector<Declaration> image_declarations = {
    {"Run:image", image,
     "run:image(name, images, {columns = 8, captions = {...}, headings = {...}, title = \"\", "
     "range = {0, 1}, epoch = n, series = text, figure = true}) -> list of paths\n\n"
     "Draws images, writes the drawing as NAME.svg, NAME.png and NAME.pdf, stores the images at "
     "their original size as images/NAME-1.png, -2 ..., and logs an event.\n"
     "images: a float Tensor [N, C, H, W] with 1 or 3 channels, drawn with `columns` images per "
     "row; or a list with one entry per row, where each entry is such a Tensor or a list of such "
     "Tensors. captions: one string per image, in one list or in one list per row; \\n starts "
     "a new line. headings: a string to the left of each row.\n"
     "range: the values that are drawn as black and white, or \"each\" to use the minimum and "
     "maximum of each image.\n"
     "If gnuplot is not installed, gnuplot programs (NAME.svg.gp, ...) are written instead, as "
     "with run:plot. figure: if false, writes no figure files, which saves time if you log images "
     "in each epoch (default true).\n"
     "Errors: shapes that do not match, values that are not finite, a wrong number of captions or "
     "headings."},
};

}  // namespace

namespace detail {

void register_image(lua_State* L) {
    declare(L, image_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
