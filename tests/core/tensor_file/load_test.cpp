// Files of Python's safetensors, NumPy and PyTorch: those that must be read, and those that must be
// refused.
#include "files.h"
#include "tensor_file/dtype.h"

#include <ATen/ATen.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hfc::tensor_file {
namespace {

using testing::HasSubstr;

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

NamedTensors described(const nlohmann::ordered_json& list) {
    NamedTensors tensors;
    for (const auto& item : list) {
        const auto* dtype = find_dtype(&Dtype::torch, item[1].get<std::string>());
        auto tensor = at::empty(item[2].get<std::vector<int64_t>>(), dtype->type);
        const auto bytes = from_hex(item[3].get<std::string>());
        EXPECT_EQ(bytes.size(), tensor.nbytes());
        if (!bytes.empty()) {
            std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
        }
        tensors.emplace_back(item[0].get<std::string>(), tensor);
    }
    return tensors;
}

void sort_by_name(NamedTensors& tensors) {
    std::sort(tensors.begin(), tensors.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
}

TEST(Load, PythonsFilesAreReadBitExactly) {
    const auto expected = nlohmann::ordered_json::parse(read_file(fixture("expected.json")));
    EXPECT_GE(expected.size(), 23U);
    for (const auto& [file, list] : expected.items()) {
        SCOPED_TRACE(file);
        auto wanted = described(list);
        auto found = load(fixture(file));
        if (file.ends_with(".safetensors")) {  // Python sorts them by dtype and name
            sort_by_name(wanted);
            sort_by_name(found);
        }
        expect_same(found, wanted);
    }
}

TEST(Load, MetadataOfSafetensorsIsGivenBack) {
    Metadata metadata = {{"old", "content"}};
    load(fixture("all.safetensors"), &metadata);
    EXPECT_EQ(metadata, (Metadata{{"format", "pt"}, {"名", "\"x\"\n"}}));
    load(fixture("stored.npz"), &metadata);
    EXPECT_TRUE(metadata.empty());
}

TEST(Load, ViewsShareTheirMemoryAgain) {
    const auto tensors = load(fixture("views.pt"));
    const auto named = std::map<std::string, at::Tensor>(tensors.begin(), tensors.end());
    named.at("base").zero_();
    EXPECT_EQ(named.at("part").abs().sum().item<float>(), 0);
    EXPECT_EQ(named.at("transposed").strides(), (std::vector<int64_t>{1, 4, 12}));
    EXPECT_EQ(named.at("expanded").stride(0), 0);
    EXPECT_NE(named.at("alone").abs().sum().item<float>(), 0);
    EXPECT_FALSE(load(fixture("checkpoint.pt"))[0].second.requires_grad());
}

TEST(Load, UnderStripsAPrefix) {
    const auto state = under(load(fixture("checkpoint.pt")), "state_dict");
    ASSERT_EQ(state.size(), load(fixture("module.pth")).size());
    expect_same(state, load(fixture("module.pth")));
    EXPECT_TRUE(under(state, "nothing").empty());
}

TEST_F(TensorFile, ContentDecidesNotTheExtension) {
    std::filesystem::copy_file(fixture("stored.npz"), folder_ / "x.safetensors");
    expect_same(load(folder_ / "x.safetensors"), load(fixture("stored.npz")));
    std::filesystem::copy_file(fixture("all.safetensors"), folder_ / "x.pt");
    expect_same(load(folder_ / "x.pt"), load(fixture("all.safetensors")));
}

TEST_F(TensorFile, PythonsOtherFilesAreRefusedWithTheReason) {
    const std::vector<std::pair<std::string, std::string>> refusals = {
        {"attack.pt", ".system; only tensors and plain containers are read"},
        {"attack.pt", "refused: the file tries to call "},
        {"class.pt",
         "refused: it contains only net (my_models.Own), an object of an unknown class"},
        {"network.pt",
         "refused: it contains only torch.nn.modules.linear.Linear, an object of an unknown class; "
         "for a network, save the state in Python: torch.save(net.state_dict(), path)"},
        {"legacy_cut.pt", "its storage '"},
        {"old.tar",
         "it is a tar archive, perhaps in the format that PyTorch used in 2016 and 2017; save it"},
        {"script.pt", "refused: it is a TorchScript program"},
        {"clash.pt", "two of its tensors have the name 'a.b'"},
        {"deep.pt", "nested more than 100 levels deep"},
        {"circle.pt", "nested more than 100 levels deep"},
        {"missing_storage.pt", "its storage '0' is missing"},
        {"short_storage.pt",
         "its storage '0' should have 3 elements of dtype int64, but has 23 bytes"},
        {"beyond_storage.pt",
         "a tensor with sizes [4], strides [1] and offset 0 extends beyond its storage of 3 "
         "elements"},
        {"big_endian.pt", "written on a big-endian machine"},
        {"notes.npz",
         "neither a PyTorch file nor an npz file (its member 'notes.txt' does not end in .npy)"},
        {"overlap.npz", "the total compressed size of its zip members exceeds the file size"},
        {"objects.npy", "it contains pickled Python objects (dtype '|O'), which are refused"},
        {"structured.npy", "it has a structured dtype, expected one of f8, f4"},
        {"text.npy", "it has the dtype '<U3', expected"},
        {"expected.json", "it is not a safetensors, npz, npy or PyTorch file"},
    };
    for (const auto& [file, text] : refusals) {
        EXPECT_THAT(refusal_of(fixture(file)), HasSubstr(text)) << file;
    }
    EXPECT_THAT(refusal_of(folder_ / "missing"), HasSubstr("No such file"));
    EXPECT_THAT(refusal_of(folder_), HasSubstr("not a regular file"));
    EXPECT_THAT(refusal(""), HasSubstr("(it is empty)"));
}

TEST_F(TensorFile, ADamagedZipIsRefused) {
    const auto bytes = read_file(fixture("stored.npz"));
    EXPECT_THAT(refusal(bytes.substr(0, bytes.size() - 30)),
                HasSubstr("it starts like a zip archive but is damaged"));
    auto flipped = bytes;
    flipped[200] ^= 1;  // within the values of the first member
    EXPECT_THAT(refusal(flipped),
                HasSubstr("array 'float64': its member 'float64.npy' is damaged: CRC error"));
}

}  // namespace
}  // namespace hfc::tensor_file
