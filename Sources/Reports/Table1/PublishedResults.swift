import Trials

/// The numbers that the paper reports.
///
/// Source: De Boom, Wauthier, Verbelen, Dhoedt, "Dynamic Narrowing of VAE Bottlenecks Using GECO
/// and L0 Regularization", Table I and the text about Figure 3.
enum PublishedResults {
  /// One row of Table I: a baseline and the run with twice the dimensions.
  struct Table1Row: Hashable, Sendable {
    /// The images.
    var dataset: Dataset
    /// n of the baseline.
    var latents: Int
    /// MSE of the baseline after 200K batches, the tolerance of the other run.
    var mse: Double
    /// ‖ν‖₀ after 200K, 300K and 400K batches with 2n latent dimensions.
    var gatesOpen: [Int]
  }

  /// One point of Figure 3 with numbers in the text.
  struct Figure3Point: Hashable, Sendable {
    /// The images.
    var dataset: Dataset
    /// n, the number of latent dimensions.
    var latents: Int
    /// τ.
    var tolerance: Double
    /// ‖ν‖₀ after 2000 epochs.
    var gatesOpen: Int
  }

  /// The budgets of Table I's columns.
  static let table1Budgets: [Budget] = [.batches(200_000), .batches(300_000), .batches(400_000)]

  /// Table I.
  static let table1: [Table1Row] = [
    row(.dsprites, 5, 9.48, [7, 6, 6]),
    row(.dsprites, 10, 8.83, [7, 6, 6]),
    row(.dsprites, 30, 6.14, [13, 12, 10]),
    row(.cars3d, 5, 94.42, [6, 5, 5]),
    row(.cars3d, 10, 65.67, [14, 13, 12]),
    row(.cars3d, 30, 60.97, [21, 17, 16]),
    row(.shapes3d, 5, 36.73, [6, 6, 6]),
    row(.shapes3d, 10, 19.53, [9, 9, 9]),
    row(.shapes3d, 30, 18.74, [20, 15, 11]),
    row(.mnist, 5, 17.07, [5, 5, 5]),
    row(.mnist, 10, 9.49, [10, 9, 9]),
    row(.mnist, 30, 7.16, [14, 14, 14]),
    row(.cifar100, 5, 325.87, [6, 6, 6]),
    row(.cifar100, 10, 249.1, [10, 10, 10]),
    row(.cifar100, 30, 147.8, [31, 30, 30]),
  ]

  /// The two points of Figure 3 in the text: τ = 3 keeps 27 dimensions, τ = 30 keeps 2.
  static let figure3: [Figure3Point] = [
    Figure3Point(dataset: .mnist, latents: 32, tolerance: 3, gatesOpen: 27),
    Figure3Point(dataset: .mnist, latents: 32, tolerance: 30, gatesOpen: 2),
  ]

  /// Table I's row of a data set and a baseline's n.
  static func table1Row(_ dataset: Dataset, latents: Int) -> Table1Row? {
    table1.first { $0.dataset == dataset && $0.latents == latents }
  }

  private static func row(
    _ dataset: Dataset, _ latents: Int, _ mse: Double, _ gatesOpen: [Int]
  ) -> Table1Row {
    Table1Row(dataset: dataset, latents: latents, mse: mse, gatesOpen: gatesOpen)
  }
}
