import ArgumentParser
import Benches
import Narrowing
import Primitives
import Trials

/// `benchmarks layers`: each layer and direction separately.
struct LayersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract: "Times every layer and direction, and compares them with the core's limits.",
    discussion: """
      Convolutions include the operations fused into them: the batch norm before, bias, leaky \
      ReLU and statistics behind, and both gradients in one pass. Multiplies are those of the form \
      in use. "above floor" is the time minus the floor: arithmetic at the peak rate plus memory at \
      a copy's rate; optimise the layer with the largest first. All other layers run between two \
      repetitions of a layer, so that its tensors are in cache only as in a training step.
      """)

  @OptionGroup var shapes: ShapeOptions
  @OptionGroup var arithmetic: PrecisionOption
  @OptionGroup var repeating: RepetitionsOption

  func run() throws {
    for network in shapes.networks {
      var limits = MachineLimits(Arithmetic(arithmetic.precision))
      let layers = try LayerBench.all(
        of: network.network(), in: Arithmetic(arithmetic.precision))
      var samples = [Samples](repeating: Samples(), count: layers.count)
      // The first round warms up caches and the processor's clock.
      for layer in layers { layer.run() }
      for _ in 0..<repeating.repetitions {
        limits.sample()
        for (index, layer) in layers.enumerated() { samples[index].time(layer.run) }
      }
      var table = TextTable(
        "layer", "M multiplies", "MB", "ms", "GFLOP/s", "% of peak", "GB/s", "above floor ms")
      for (layer, samples) in zip(layers, samples) {
        let time = samples.processorMilliseconds
        let rate = 2 * Double(layer.work.multiplies) / time / 1e6
        table.add(
          layer.name, (Double(layer.work.multiplies) / 1e6).text(1),
          (Double(layer.work.bytes) / 1e6).text(2), time.text(3), rate.text(1),
          (100 * rate / limits.peakGigaflops).text(0),
          (Double(layer.work.bytes) / time / 1e6).text(1),
          (time - limits.floorMilliseconds([layer.work])).text(3))
      }
      let precision = arithmetic.precision.rawValue
      print("\(network.name) in \(precision): \(limits.summary)\n\(table.text)")
    }
  }
}
