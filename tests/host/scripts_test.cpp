// Every script of the experiments, small, from end to end. What they conclude is asserted in
// script_answers_test.cpp and in tests/lua/test_known_answer.lua.
#include "process.h"

#include <gmock/gmock.h>

#include <sstream>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

struct Job {
    std::string script;
    std::vector<std::string> options;
    std::vector<std::string> files;  ///< that it must leave, none of them empty
};

/// Else GoogleTest lists the bytes of each parameter.
void PrintTo(const Job& job, std::ostream* out) {
    *out << job.script << ".lua";
}

std::vector<std::string> arguments_of(const Job& job, const fs::path& out) {
    std::vector<std::string> arguments = {HFC_SCRIPTS "/" + job.script + ".lua", "--device", "cpu",
                                          "--out", out};
    arguments.insert(arguments.end(), job.options.begin(), job.options.end());
    return arguments;
}

Result run_job(const Job& job, const fs::path& out) {
    return run(arguments_of(job, out));
}

size_t lines_of(const fs::path& path) {
    const auto text = read_text(path);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Scripts : public testing::TestWithParam<Job> {};

TEST_P(Scripts, LeavesItsTablesAndFigures) {
    const ScratchFolder scratch;
    const auto out = scratch.path() / "run";
    const auto result = run_job(GetParam(), out);
    ASSERT_EQ(result.status, 0) << result.err;
    for (const auto& name : GetParam().files) {
        ASSERT_TRUE(fs::exists(out / name)) << name;
        EXPECT_GT(fs::file_size(out / name), 0U) << name;
    }
}

TEST_P(Scripts, HelpOpensWithWhatItShows) {
    const auto result = run({HFC_SCRIPTS "/" + GetParam().script + ".lua", "--help"});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out, HasSubstr("hfc-host scripts/" + GetParam().script + ".lua"));
    EXPECT_THAT(result.out, HasSubstr("Expect: "));
    EXPECT_THAT(result.out, HasSubstr("--preset paper"));
}

TEST_P(Scripts, HasAtMostSixtyLines) {
    EXPECT_LE(lines_of(HFC_SCRIPTS "/" + GetParam().script + ".lua"), 60U);
}

const Job sample_search = {
    "sample_search", {"--epochs", "1"}, {"accuracy.csv", "corollary1.md", "model.safetensors"}};
const Job jobs[] = {
    sample_search,
    {"lfc_hfc_training",
     {"--epochs", "1", "--radii", "8", "--train_images", "40"},
     {"table1.csv", "table1.svg", "low_r_8.safetensors", "high_r_8.safetensors"}},
    {"svd_versus_fft", {"--epochs", "1"}, {"samples.csv", "samples.md", "model.safetensors"}},
    {"batch_size",
     {"--epochs", "1", "--batch_sizes", "10,20", "--train_images", "40"},
     {"accuracy.csv", "figure4.svg", "figure4.png"}},
    {"optimizers", {"--epochs", "1", "--train_images", "40"}, {"accuracy.csv", "optimizers.png"}},
    {"heuristics",
     {"--epochs", "1", "--train_images", "20", "--probe_samples", "20"},
     {"accuracy.csv", "figure5.png", "mixup.safetensors"}},
    {"architectures",
     {"--epochs", "1", "--train_images", "20", "--probe_samples", "20", "--models",
      "lenet,alexnet,vgg11"},
     {"accuracy.csv", "architectures.png"}},
    {"batchnorm_on_lfc",
     {"--epochs", "1", "--radii", "8", "--train_images", "40"},
     {"accuracy.csv", "figure6.png"}},
    {"smoothing_defence",
     {"--epochs.natural", "1", "--epochs.adversarial", "1", "--steps", "1", "--rho", "0,1",
      "--test_images", "20", "--epsilons", ".03"},
     {"table2.csv", "table2.md", "natural.safetensors", "adversarial.safetensors"}},
    {"kernels",
     {"--epochs.natural", "1", "--epochs.adversarial", "1", "--steps", "1"},
     {"roughness.csv", "figure7.png", "figure7.svg", "images/figure7-1.png"}},
    {"fourier_masks",
     {"--epochs", "1", "--networks", "natural", "--mask.epochs", "2", "--mask.images", "20"},
     {"masks.csv", "bands.png", "masks.png", "natural.safetensors"}},
    {"image_masks",
     {"--epochs", "1", "--images", "10", "--steps", "5"},
     {"agreement.csv", "probe.csv", "image_masks.png"}},
    {"fourier_heatmap",
     {"--epochs", "1", "--networks", "natural", "--images", "10", "--reach", "1"},
     {"dominant.csv", "error.png", "heatmap.png", "dominant natural.png"}},
    {"perturbation_spectrum",
     {"--epochs", "1", "--networks", "natural", "--images", "10", "--attack.steps", "1"},
     {"shares.csv", "spectrum.png"}},
    {"frequency_sweep", {"--epochs", "1", "--step", "8"}, {"sweep.csv", "sweep.png", "power.png"}},
};

INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(jobs),
                         [](const auto& job) { return job.param.script; });

TEST(ScriptChain, ASavedNetworkServesTheNextScript) {
    const ScratchFolder scratch;
    const auto first = scratch.path() / "first";
    ASSERT_EQ(run_job(sample_search, first).status, 0);
    const auto second = scratch.path() / "second";
    const auto result = run_job({"svd_versus_fft", {"--model", first}, {}}, second);
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_FALSE(fs::exists(second / "model.safetensors"));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("epoch")));
    // The search by frequencies is that of the first script.
    EXPECT_EQ(lines_of(second / "samples.csv"), 4U);
}

TEST(ScriptChain, AModelThatIsNotThere) {
    const ScratchFolder scratch;
    const auto result = run_job({"sample_search", {"--model", scratch.path() / "nothing"}, {}},
                                scratch.path() / "run");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("no such file or run directory: '" +
                                      (scratch.path() / "nothing").string()));
}

TEST(ScriptChain, GreyImagesAndPublishedNumbers) {
    const std::string data = HFC_SHARED "/data";
    if (!fs::exists(data + "/mnist") || !fs::exists(data + "/cifar-10-batches-bin")) {
        GTEST_SKIP() << "needs MNIST and CIFAR-10 in the shared data";
    }
    const ScratchFolder scratch;
    const auto tiny = [&](const std::string& dataset) {
        const Job job = {"lfc_hfc_training",
                         {"--dataset", dataset, "--data", data, "--epochs", "1", "--radii", "8",
                          "--parts", "low", "--train_images", "40"},
                         {}};
        const auto result = run_job(job, scratch.path() / dataset);
        EXPECT_EQ(result.status, 0) << result.err;
        return read_text(scratch.path() / dataset / "table1.csv");
    };
    EXPECT_THAT(tiny("mnist"), StartsWith("part,radius,train,test\nlow,8,"));
    const auto table = tiny("cifar10");
    EXPECT_THAT(table, StartsWith("part,radius,train,train (paper),test,test (paper)\nlow,8,"));
    EXPECT_THAT(table, HasSubstr(",0.9786,"));
    EXPECT_THAT(table, HasSubstr(",0.7154\n"));
}

}  // namespace
}  // namespace hfc::test
