// What the scripts on Fourier masks conclude on the embedded data, as they are started without
// options: there r <= 4 alone carries the label.
#include "events.h"

#include <gmock/gmock.h>

#include <map>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;

using Row = std::map<std::string, std::string>;

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) {
        cells.push_back(cell);
    }
    return cells;
}

/// A table of a run; its cells hold no commas.
std::vector<Row> table_of(const fs::path& file) {
    std::istringstream lines(read_text(file));
    std::string line;
    std::getline(lines, line);
    const auto names = cells_of(line);
    std::vector<Row> rows;
    while (std::getline(lines, line)) {
        const auto cells = cells_of(line);
        EXPECT_EQ(cells.size(), names.size()) << line;
        Row row;
        for (size_t i = 0; i < std::min(cells.size(), names.size()); ++i) {
            row[names[i]] = cells[i];
        }
        rows.push_back(row);
    }
    return rows;
}

double number_of(const Row& row, const std::string& name) {
    const auto found = row.find(name);
    EXPECT_NE(found, row.end()) << "no column '" << name << "'";
    return found == row.end() ? std::nan("") : std::stod(found->second);
}

/// A script run to its end on the CPU, and its tables.
class ScriptAnswers : public testing::Test {
  protected:
    void run_script(const std::string& name) {
        const auto result =
            run({HFC_SCRIPTS "/" + name + ".lua", "--device", "cpu", "--out", folder()});
        ASSERT_EQ(result.status, 0) << result.err;
    }
    fs::path folder() const { return scratch_.path() / "run"; }
    std::vector<Row> table(const std::string& name) const {
        return table_of(folder() / (name + ".csv"));
    }

  private:
    ScratchFolder scratch_;
};

TEST_F(ScriptAnswers, FourierMasksFindTheBandForBothNetworks) {
    run_script("fourier_masks");
    const auto rows = table("masks");
    ASSERT_EQ(rows.size(), 2U);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.at("network"));
        EXPECT_GE(number_of(row, "clean"), 0.95);
        EXPECT_GE(number_of(row, "masked"), 0.95 * number_of(row, "clean"));
        EXPECT_GE(number_of(row, "weight in r <= 4"), 0.9);
        EXPECT_LE(number_of(row, "complement"), 0.5);
        EXPECT_LE(number_of(row, "l1"), 0.1);
    }
    const auto transfer = table("transfer");
    ASSERT_EQ(transfer.size(), 2U);
    for (const auto& row : transfer) {
        EXPECT_GE(number_of(row, "mask of natural"), 0.9) << row.at("network");
        EXPECT_GE(number_of(row, "mask of adversarial"), 0.9) << row.at("network");
    }
}

TEST_F(ScriptAnswers, ImageMasksKeepThePredictionInTheBand) {
    run_script("image_masks");
    std::map<std::string, Row> agreement;
    for (const auto& row : table("agreement")) {
        agreement[row.at("images")] = row;
    }
    EXPECT_GE(number_of(agreement["M(x)"], "mean"), 0.95);
    EXPECT_LE(number_of(agreement["1 - M"], "mean"), 0.7);
    EXPECT_LE(number_of(agreement["random masks"], "high"), number_of(agreement["M(x)"], "low"));
    EXPECT_EQ(agreement.count("M(attacked)"), 1U);
    EXPECT_GE(number_of(table("masks").at(0), "weight in r <= 4"), 0.9);
    const auto probe = table("probe").at(0);
    EXPECT_GE(number_of(probe, "probe test"), 0.6);
    EXPECT_LE(number_of(probe, "scrambled test"), 0.4);
}

TEST_F(ScriptAnswers, DominantFrequenciesLieInTheBand) {
    run_script("fourier_heatmap");
    const auto rows = table("dominant");
    ASSERT_EQ(rows.size(), 2U);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.at("network"));
        EXPECT_GE(number_of(row, "dominant in r <= 4"), 0.9);
        EXPECT_GE(number_of(row, "top 0.05"), 0.9);
    }
    // Noise of a frequency that carries no label does nothing to speak of; of one that does, it
    // fools.
    std::map<std::string, std::map<bool, std::vector<double>>> errors;
    for (const auto& event : events_of(folder())) {
        if (event.value("curve", "") != "error") {
            continue;
        }
        for (size_t i = 0; i < event["x"].size(); ++i) {
            const double frequency = event["x"][i];
            if (frequency < 4 || frequency > 9) {
                errors[event["series"]][frequency < 4].push_back(event["y"][i]);
            }
        }
    }
    ASSERT_EQ(errors.size(), 2U);
    for (const auto& [network, by_band] : errors) {
        EXPECT_THAT(by_band.at(true), testing::Each(testing::Gt(0.15))) << network;
        EXPECT_THAT(by_band.at(false), testing::Each(testing::Lt(0.1))) << network;
    }
}

TEST_F(ScriptAnswers, AdversarialTrainingMovesGradientsIntoTheBand) {
    run_script("perturbation_spectrum");
    std::map<std::string, double> share;
    for (const auto& row : table("shares")) {
        share[row.at("network") + " " + row.at("of")] = number_of(row, "within r = 4");
    }
    EXPECT_GT(share.at("adversarial gradients"), share.at("natural gradients") + 0.05);
    EXPECT_GT(share.at("adversarial perturbations"), share.at("natural perturbations") + 0.05);
}

TEST_F(ScriptAnswers, TheSweepTurnsAtTheBand) {
    run_script("frequency_sweep");
    const auto rows = table("sweep");
    ASSERT_EQ(rows.size(), 23U);
    for (const auto& row : rows) {
        if (number_of(row, "radius") >= 4) {
            EXPECT_GE(number_of(row, "low-pass"), 0.95) << row.at("radius");
            EXPECT_NEAR(number_of(row, "high-pass"), 0.2, 0.12)
                << row.at("radius");  // chance; three standard deviations of 100 images
        } else if (number_of(row, "radius") <= 1) {
            EXPECT_LE(number_of(row, "low-pass"), 0.6) << row.at("radius");
        }
    }
}

}  // namespace
}  // namespace hfc::test
