// Objects of Python within checkpoints: what they stand for, and what is left out by name.
#include "files.h"

namespace hfc::tensor_file {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const Tree& at_key(const Tree& tree, const Tree& key) {
    static const Tree nothing;
    const auto* const dict = tree.get<TreeDict>();
    for (size_t i = 0; dict != nullptr && i < dict->entries.size(); ++i) {
        const auto& entry = dict->entries[i];
        if (entry.key.data.index() == key.data.index() && key_text(entry.key) == key_text(key)) {
            return entry.value;
        }
    }
    ADD_FAILURE() << "no key " << key_text(key);
    return nothing;
}

const Tree& at_key(const Tree& tree, const char* key) {
    return at_key(tree, Tree{std::string(key)});
}

/// A tree in a line: {a: 1, b: [x, -]}; tensors as their dtype and values.
std::string shown(const Tree& tree) {
    std::vector<std::string> parts;
    if (const auto* const list = tree.get<TreeList>()) {
        for (const auto& item : list->items) {
            parts.push_back(shown(item));
        }
        return fmt::format("[{}]", fmt::join(parts, " "));
    }
    if (const auto* const dict = tree.get<TreeDict>()) {
        for (const auto& entry : dict->entries) {
            parts.push_back(key_text(entry.key) + ":" + shown(entry.value));
        }
        return fmt::format("{{{}}}", fmt::join(parts, " "));
    }
    if (const auto* const tensor = tree.get<at::Tensor>()) {
        const auto values = tensor->reshape({-1}).to(at::kDouble);
        for (int64_t i = 0; i < values.numel(); ++i) {
            parts.push_back(fmt::format("{}", values[i].item<double>()));
        }
        return fmt::format("{}{}({})", at::toString(tensor->scalar_type()), tensor->dim(),
                           fmt::join(parts, " "));
    }
    if (const auto* const text = tree.get<std::string>()) {
        return "'" + *text + "'";
    }
    return tree.get<None>() != nullptr ? "-" : key_text(tree);
}

/// Files of the same value in both of PyTorch's formats.
class Objects : public TensorFile, public testing::WithParamInterface<const char*> {
  protected:
    const Content content = read(fixture(GetParam()));
    std::string at(const char* key) const { return shown(at_key(content.value, key)); }
};

TEST_P(Objects, ThatStandForPlainValuesAreRead) {
    const std::vector<std::pair<const char*, const char*>> values = {
        {"counter", "{a:2 b:1}"},
        {"default", "{x:[1 2]}"},
        {"ordered", "{y:2}"},
        {"deque", "[4 5]"},
        {"float64", "0.5"},
        {"float32", "0.25"},
        {"int64", "-7"},
        {"bool_", "True"},
        {"array", "Int2(0 1 2 3 4 5)"},
        {"fortran", "Double2(0 1 2 3 4 5)"},
        {"set", "[3]"},
        {"frozen", "[4]"},
        {"path", "'/a/b'"},
        {"namespace", "{lr:0.5 name:'x'}"},
        {"simple", "{k:1}"},
        {"range", "[2 5]"},
        {"bytearray", "'ab'"},
        {"size", "[2 3]"},
        {"dtype", "'float16'"},
        {"device", "'cuda:1'"},
        {"text", "'né'"},
        {"none", "-"},
        {"true", "True"},
        {"big", "9007199254740993"},
        {"own_dict", "{a:1}"},
        {"list", "[1 - 3]"},
        {"tuple", "[1 [2 'b']]"},
        {"nested", "{a:{b:[Float1(1)]}}"},
        {"subclass", "Float1(1)"},
        {"attribute", "Float1(3)"},
        {"storage", "Byte1(0 0 128 63 0 0 0 64)"},
        {"w", "Float1(1 2)"},
    };
    for (const auto& [key, value] : values) {
        EXPECT_EQ(at(key), value) << key;
    }
    EXPECT_EQ(*at_key(content.value, "bytes").get<std::string>(), std::string("\0\xff", 2));
    const auto* const complex = at_key(content.value, "complex").get<at::Tensor>();
    EXPECT_EQ(complex->item<c10::complex<double>>(), c10::complex<double>(1, 2));
}

TEST_P(Objects, KeysKeepTheirKind) {
    const auto& keys = at_key(content.value, "keys");
    EXPECT_EQ(shown(at_key(keys, Tree{int64_t{0}})), "'zero'");
    EXPECT_EQ(shown(at_key(keys, Tree{int64_t{1}})), "'one'");
    EXPECT_EQ(shown(at_key(keys, Tree{int64_t{2}})), "'two'");
    EXPECT_EQ(shown(at_key(keys, Tree{int64_t{9}})), "'nine'");
    EXPECT_EQ(shown(at_key(keys, "1")), "'text'");
    EXPECT_EQ(shown(at_key(keys, Tree{2.5})), "'real'");
    EXPECT_EQ(shown(at_key(keys, "(1, 'a')")), "'tuple'");
    EXPECT_EQ(shown(at_key(keys, "None")), "'none'");
    const auto& booleans = at_key(content.value, "bools");
    EXPECT_EQ(shown(at_key(booleans, Tree{true})), "'yes'");
    EXPECT_EQ(shown(at_key(booleans, Tree{false})), "'no'");
}

TEST_P(Objects, OthersAreLeftOutByName) {
    EXPECT_THAT(content.left_out,
                UnorderedElementsAre(
                    "unknown.when (datetime.datetime)", "unknown.color (my_models.Color)",
                    "unknown.settings (my_models.Settings)", "unknown.own (my_models.Own)",
                    "unknown.huge (an integer beyond 64 bits)",
                    "unknown.objects (numpy._core.multiarray._reconstruct)",
                    "unknown.function (__builtin__.len)",
                    "unknown.sparse (a sparse tensor; save x.to_dense() in Python)",
                    "unknown.meta (a tensor on the meta device, which has no values)",
                    "unknown.quantized (a quantized tensor; save x.dequantize() in Python)"));
    EXPECT_EQ(shown(at_key(at_key(content.value, "unknown"), "when")), "-");
    EXPECT_EQ(load(fixture(GetParam())).back().first, "w");
}

INSTANTIATE_TEST_SUITE_P(BothFormats, Objects, testing::Values("objects.pt", "objects_legacy.pt"));

TEST(Flags, AConjugatedOrNegatedTensorIsReadSo) {
    for (const auto* const file : {"flags.pt", "legacy_flags.pt"}) {
        const auto tensors = load(fixture(file));
        const auto named = std::map<std::string, at::Tensor>(tensors.begin(), tensors.end());
        const auto conj = named.at("conj").resolve_conj();
        EXPECT_EQ(conj[0][1].item<c10::complex<float>>(), c10::complex<float>(3, -4)) << file;
        EXPECT_EQ(named.at("neg").resolve_neg()[0][1].item<float>(), -4) << file;
        EXPECT_EQ(named.at("double")[0][0].item<c10::complex<double>>(),
                  c10::complex<double>(1, -2))
            << file;
    }
}

TEST_F(TensorFile, TheOldFormatIsCheckedInEveryPart) {
    const auto whole = read_file(fixture("legacy.pt"));
    const auto count = whole.size() - 3 * 8 - 8;  // of elements, before them
    auto longer = whole;
    longer[count] = 4;
    EXPECT_THAT(refusal(longer), HasSubstr("should have 3 elements, but has 4"));
    EXPECT_THAT(refusal(whole.substr(0, whole.size() - 1)), HasSubstr("ends inside its storage"));
    EXPECT_THAT(refusal(whole.substr(0, count + 3)), HasSubstr("ends before its storage"));
    EXPECT_THAT(refusal(whole.substr(0, 20)), HasSubstr("is truncated"));
    EXPECT_THAT(refusal(whole.substr(0, 14)),
                HasSubstr("format that PyTorch used before version 1.6"));
    auto big_endian = whole;
    const auto flag = big_endian.find("little_endian");
    big_endian[big_endian.find('\x88', flag)] = '\x89';
    EXPECT_THAT(refusal(big_endian), HasSubstr("written on a big-endian machine"));
    auto huge = whole;  // the number of elements, K 3, in the persistent id
    huge.replace(huge.find("K\x03N"), 2, std::string("\x8a\x08\0\0\0\0\0\0\x40\0", 10));
    EXPECT_THAT(refusal(huge),
                HasSubstr("the total declared size of its storages exceeds the file size"));
}

TEST_F(TensorFile, RepeatedBytesAreBounded) {
    // One string of 1 MB, and a list that holds it 250 times and is itself there 250 times.
    std::string program = "\x80\x02]q\1(X";
    const uint32_t size = 1 << 20;
    program.append(reinterpret_cast<const char*>(&size), 4);
    program += std::string(size, 'a') + "q\2";
    for (int i = 0; i < 250; ++i) {
        program += "h\2";
    }
    program += "e](";
    for (int i = 0; i < 250; ++i) {
        program += "h\1";
    }
    EXPECT_THAT(
        refusal(program + "e."),
        HasSubstr("its values expand to more data than a file of this size should contain"));
}

}  // namespace
}  // namespace hfc::tensor_file
