// Every script of the experiments, small, from end to end. What they conclude is asserted in
// script_answers_test.cpp and in tests/lua/test_known_answer.lua.
#include "process.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <iterator>
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
    EXPECT_THAT(result.out, HasSubstr("--preset "));
}

TEST_P(Scripts, HasAtMostSixtyLines) {
    EXPECT_LE(lines_of(HFC_SCRIPTS "/" + GetParam().script + ".lua"), 60U);
}

TEST(ScriptFolder, HasAtMostFiftyLinesAScript) {
    size_t lines = 0, scripts = 0;
    for (const auto& file : fs::directory_iterator(HFC_SCRIPTS)) {
        if (file.path().extension() == ".lua") {
            lines += lines_of(file.path());
            ++scripts;
        }
    }
    EXPECT_LE(lines, 50 * scripts);
}

TEST(ScriptFolder, WrongNamesAreFoundBeforeTheFirstTraining) {
    const ScratchFolder scratch;
    for (const auto& [script, option, value] : std::vector<std::array<std::string, 3>>{
             {"shuffled_labels", "labels", "natural,shufled"},
             {"lfc_hfc_training", "parts", "low,hihg"},
             {"heuristics", "heuristics", "vanilla,dropuot"},
             {"optimizers", "optimizers", "sgd,adma"},
             {"frequency_sweep", "networks", "natural,naturel"},
             {"fourier_masks", "networks", "natural,rotaton"}}) {
        const auto result = run_job({script, {"--" + option, value}, {}}, scratch.path() / script);
        EXPECT_EQ(result.status, 2) << script;
        EXPECT_THAT(result.err, HasSubstr("option --" + option + ": expected ")) << script;
        EXPECT_THAT(result.err, testing::Not(HasSubstr("epoch "))) << script;
    }
}

/// The small options of each script; tools/same runs them too.
std::vector<Job> small_jobs() {
    std::vector<Job> jobs;
    const auto all = nlohmann::json::parse(read_text(HFC_SMALL_SCRIPTS));
    for (const auto& [script, job] : all.items()) {
        std::istringstream words(job.at("options").get<std::string>());
        jobs.push_back({script,
                        {std::istream_iterator<std::string>(words), {}},
                        job.at("files").get<std::vector<std::string>>()});
    }
    return jobs;
}

/// A made-up ImageNet: the first and the last folder of each of the nine classes, two pictures
/// each. The last folder of the tree is of no class.
void write_nine_classes(const fs::path& root) {
    const auto classes = nlohmann::json::parse(read_text(HFC_SCRIPTS "/classes/nine.json"));
    int tone = 20;
    for (const auto& [name, interval] : classes.items()) {
        const auto text = interval.get<std::string>();
        const auto dots = text.find("..");
        tone += 25;
        for (const auto& folder :
             {text.substr(0, dots), text.substr(dots + 2), std::string("n99999999")}) {
            for (const std::string part : {"train", "val"}) {
                fs::create_directories(root / part / folder);
                for (const std::string file : {"1.ppm", "2.ppm"}) {
                    std::string pixels(size_t{3} * 20 * 20, static_cast<char>(tone));
                    pixels.front() = file.front();
                    std::ofstream(root / part / folder / file, std::ios::binary) << "P6 20 20 255\n"
                                                                                 << pixels;
                }
            }
        }
    }
}

/// Scripts with the preset of appendix B.1, and what they must leave.
const std::vector<Job> nine_jobs = {
    {"shuffled_labels", {"--epochs.natural", "1", "--epochs.shuffled", "1"}, {"figure3.svg"}},
    {"batch_size", {"--batch_sizes", "12", "--epochs", "1"}, {"figure4.svg"}},
    {"heuristics", {"--heuristics", "vanilla,mixup", "--epochs", "1"}, {"figure5.svg"}},
    {"lfc_hfc_training", {"--parts", "low", "--epochs", "1"}, {"table1.csv"}},
    {"batchnorm_on_lfc", {"--epochs", "1"}, {"figure6.svg"}},
    {"kernels",
     {"--epochs.natural", "1", "--epochs.adversarial", "1", "--steps", "1", "--rho", "0"},
     {"images/figure7-1.png"}},
    {"smoothing_defence",
     {"--epochs.natural", "1", "--epochs.adversarial", "1", "--steps", "1", "--rho", "0"},
     {"table2.csv"}},
};

class NineClasses : public testing::TestWithParam<Job> {};

TEST_P(NineClasses, AreReadAsThePresetSays) {
    const ScratchFolder scratch;
    const auto tree = scratch.path() / "imagenet";
    write_nine_classes(tree);
    auto job = GetParam();
    for (const std::string word : {"--preset", "imagenet_nine", "--model", "preact_resnet8",
                                   "--form", "small", "--image_size", "16", "--resize", "18",
                                   "--per_class.train", "3", "--per_class.test", "2"}) {
        job.options.push_back(word);
    }
    if (job.script != "kernels" && job.script != "smoothing_defence") {
        job.options.insert(job.options.end(), {"--radii", "4"});
    }
    job.options.insert(job.options.end(), {"--dataset", "folder:" + tree.string()});
    const auto out = scratch.path() / "run";
    const auto result = run_job(job, out);
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err,
                HasSubstr("1 of 19 directories are not assigned to a class in '" HFC_SCRIPTS
                          "/classes/nine.json'"));
    for (const auto& name : job.files) {
        EXPECT_TRUE(fs::exists(out / name)) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(All, NineClasses, testing::ValuesIn(nine_jobs),
                         [](const auto& job) { return job.param.script; });

TEST(NineClassesAtFullSize, ResNet50TakesAStep) {
    const ScratchFolder scratch;
    const auto tree = scratch.path() / "imagenet";
    write_nine_classes(tree);
    const Job job = {
        "lfc_hfc_training",
        {"--preset", "imagenet_nine", "--per_class.train", "1", "--per_class.test", "1", "--epochs",
         "1", "--radii", "25", "--parts", "low", "--dataset", "folder:" + tree.string()},
        {}};
    const auto result = run_job(job, scratch.path() / "run");
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines_of(scratch.path() / "run/table1.csv"), 2U);
}

TEST(PretrainedRadii, KnowsTheOutputsOfFolders) {
    const ScratchFolder scratch;
    const auto tree = scratch.path() / "imagenet", weights = scratch.path() / "net.safetensors";
    write_nine_classes(tree);
    // A network that says 151 for everything: the first dog's output of ImageNet's 1000.
    const auto made = run({"-e",
                           "local s = hfc.model('resnet18', {classes = 1000, form = "
                           "'torchvision'}):state_dict() s['fc.bias'][151] = 1000 "
                           "torch.save(s, '" +
                               weights.string() + "')"});
    ASSERT_EQ(made.status, 0) << made.err;
    const Job job = {"pretrained_radii",
                     {"--preset", "imagenet", "--model", weights, "--image_size", "32", "--resize",
                      "32", "--radii", "4", "--dataset", "folder:" + tree.string()},
                     {}};
    const auto unknown = run_job(job, scratch.path() / "unknown");
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.err, HasSubstr("classes/imagenet.txt has no line 'n99999999'"));
    for (const std::string part : {"train", "val"}) {
        fs::remove_all(tree / part / "n99999999");
    }
    const auto result = run_job(job, scratch.path() / "run");
    ASSERT_EQ(result.status, 0) << result.err;
    // One folder of 18.
    EXPECT_THAT(read_text(scratch.path() / "run/radii.csv"), HasSubstr("4,0.0555"));
}

TEST(PublishedNumbers, StandBesideThoseOfNineClasses) {
    const ScratchFolder scratch;
    const auto tree = scratch.path() / "imagenet";
    write_nine_classes(tree);
    const Job job = {"lfc_hfc_training",
                     {"--preset",
                      "imagenet_nine",
                      "--model",
                      "preact_resnet8",
                      "--form",
                      "small",
                      "--image_size",
                      "16",
                      "--resize",
                      "16",
                      "--per_class.train",
                      "1",
                      "--per_class.test",
                      "1",
                      "--epochs",
                      "1",
                      "--radii",
                      "25",
                      "--parts",
                      "low",
                      "--dataset",
                      "folder:" + tree.string()},
                     {}};
    const auto result = run_job(job, scratch.path() / "run");
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(read_text(scratch.path() / "run/table1.csv"), HasSubstr("0.5477"));
}

const Job sample_search = {"sample_search", {"--epochs", "1"}, {}};

INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(small_jobs()),
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
