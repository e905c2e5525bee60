// RetinaNet (Lin et al., ICCV 2017), as torchvision builds it.
#pragma once

#include "detection/anchors.h"
#include "detection/losses.h"
#include "model/resnet_layers.h"
#include "tensor_file/tensor_file.h"

#include <string>
#include <vector>

namespace hfc::detection {

struct DetectorOptions {
    int64_t classes = 91;  ///< labels 0 to classes - 1
    /// A picture's short side is resized to `min_size` pixels, unless its long side would exceed
    /// `max_size`.
    int64_t min_size = 800;
    int64_t max_size = 1333;
    double score_threshold = 0.05;  ///< detections must have a higher score
    double nms_threshold = 0.5;     ///< IoU threshold of non-maximum suppression within a class
    int64_t candidates = 1000;      ///< per level and picture, before overlapping boxes are removed
    int64_t detections = 300;       ///< per picture
    int64_t anchor_size = 0;        ///< anchor size of the first level; 0 means the network's own
    bool frozen_norms = false;      ///< use torchvision's FrozenBatchNorm2d as BatchNorm
    double norm_epsilon = 1e-5;     ///< use 0 with torchvision's file of trained weights
    /// The number of backbone layers to train, counted from the last one; 5 means all.
    int64_t trained_layers = 5;
    uint64_t seed = 0;  ///< seeds the initial weights
};

/// The detections in a picture, by descending score.
struct Found {
    at::Tensor boxes;   ///< float32 [n, 4]: x1, y1, x2, y2 in the picture's pixels
    at::Tensor scores;  ///< float32 [n]
    at::Tensor labels;  ///< int64 [n]
};

/// The output of the heads for a batch, level by level.
struct HeadOutput {
    std::vector<at::Tensor> logits;  ///< [n, anchors of the level, classes]
    std::vector<at::Tensor> codes;   ///< [n, anchors of the level, 4]
    std::vector<MapSize> maps;
};

/// Pictures that have been prepared for the network.
struct Prepared {
    at::Tensor images;            ///< normalised, resized, padded with zeros to a multiple of 32
    std::vector<MapSize> sizes;   ///< sizes of the pictures, without the padding
    std::vector<MapSize> before;  ///< original sizes of the pictures
};

class Detector : public model::Model {
  public:
    Detector(const std::string& name, const DetectorOptions& options);

    /// images: float32 [n, 3, H, W] -> [n, anchors, classes + 4]: logits and codes.
    at::Tensor forward(const at::Tensor& images) override;
    /// Returns the detections in pictures of any size: [3, H, W] with values in [0, 1].
    std::vector<Found> detect(const std::vector<at::Tensor>& pictures);
    /// Box coordinates are in pixels of the original pictures. Throws Error for an object whose
    /// sides are not above 0 or whose label is not a class.
    DetectionLoss loss(const std::vector<at::Tensor>& pictures,
                       const std::vector<Objects>& objects);

    model::ModelPtr copy() const override;
    const DetectorOptions& options() const { return options_; }

    Prepared prepare(const std::vector<at::Tensor>& pictures) const;
    HeadOutput heads(const at::Tensor& prepared);

    /// Sets the weights, which must have torchvision's names; the names in torchvision's older
    /// files are also recognised. Throws Error naming the first weight that is missing, is
    /// unexpected or has the wrong shape.
    void load_weights(tensor_file::NamedTensors weights);

  private:
    class Head;
    class Pyramid;

    Found find(const HeadOutput& output, int64_t picture, const std::vector<at::Tensor>& anchors,
               const MapSize& size) const;
    std::vector<at::Tensor> anchors_of(const HeadOutput& output, const Prepared& prepared) const;

    DetectorOptions options_;
    model::ResNetLayers body_;
    std::shared_ptr<torch::nn::Module> body_module_;
    std::shared_ptr<Pyramid> pyramid_;
    std::shared_ptr<Head> classification_, regression_;
};

using DetectorPtr = std::shared_ptr<Detector>;

/// Makes "retinanet_resnet50_fpn", "retinanet_resnet18_fpn" or "retinanet_small", in training mode.
/// Throws Error for an unknown name and for an option out of range.
DetectorPtr make_detector(const std::string& name, const DetectorOptions& options = {});

/// The names that make_detector() recognises.
std::vector<std::string> known_detectors();

/// The size to which a picture of size `size` is resized.
MapSize resized(const MapSize& size, int64_t min_size, int64_t max_size);

}  // namespace hfc::detection
