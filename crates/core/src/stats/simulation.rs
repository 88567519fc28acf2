//! Seeded samples for tests that simulate many benchmarks.

/// `SplitMix64`: the same seed gives the same samples on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number in 0..1, never 0.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11).max(1) as f64 / (1_u64 << 53) as f64
    }

    /// By the Box–Muller transform.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// With median 1; the logarithm's standard deviation is `spread`.
    pub(crate) fn log_normal(&mut self, spread: f64) -> f64 {
        (spread * self.normal()).exp()
    }

    /// From 1 up; its variance is infinite where `shape` is at most 2.
    pub(crate) fn pareto(&mut self, shape: f64) -> f64 {
        self.uniform().powf(-1.0 / shape)
    }
}
