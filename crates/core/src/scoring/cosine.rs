//! The cosine of the angle between two vectors.

/// Sums that run beside each other: they need not wait for each other, and the compiler may take several at a time.
const LANES: usize = 8;

/// From −1, opposite, to 1, the same direction; computed in double precision. 0 where a vector is zero or empty, as it
/// has no direction; NaN where a number is not finite.
///
/// Vectors of different lengths are the caller's to refuse: what one has more than the other is ignored.
pub fn cosine<T: Copy + Into<f64>>(one: &[T], other: &[T]) -> f64 {
    let sums = Sums::of(one, other, |x| x, |y| y);
    if sums.are_precise() {
        return sums.cosine();
    }
    // A square is too large or too small for a double, or there is no angle.
    let [largest, largest_of_other] = [one, other].map(largest);
    if !(largest.is_finite() && largest_of_other.is_finite()) {
        return f64::NAN;
    }
    if largest == 0.0 || largest_of_other == 0.0 {
        return 0.0;
    }
    Sums::of(one, other, |x| x / largest, |y| y / largest_of_other).cosine()
}

struct Sums {
    product: f64,
    square: f64,
    square_of_other: f64,
}

impl Sums {
    /// Of the vectors, each number of them scaled.
    fn of<T: Copy + Into<f64>>(
        one: &[T],
        other: &[T],
        scale: impl Fn(f64) -> f64,
        scale_other: impl Fn(f64) -> f64,
    ) -> Self {
        let mut lanes = [[0.0; LANES]; 3];
        let add = |lanes: &mut [[f64; LANES]; 3], lane: usize, x: T, y: T| {
            let (x, y) = (scale(x.into()), scale_other(y.into()));
            lanes[0][lane] += x * y;
            lanes[1][lane] += x * x;
            lanes[2][lane] += y * y;
        };
        let (blocks, blocks_of_other) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
        for (&x, &y) in blocks.remainder().iter().zip(blocks_of_other.remainder()) {
            add(&mut lanes, 0, x, y);
        }
        for (block, block_of_other) in blocks.zip(blocks_of_other) {
            for lane in 0..LANES {
                add(&mut lanes, lane, block[lane], block_of_other[lane]);
            }
        }
        let [product, square, square_of_other] = lanes.map(|lanes| lanes.iter().sum());
        Self {
            product,
            square,
            square_of_other,
        }
    }

    /// Whether the squares are far from where doubles end, on either side.
    fn are_precise(&self) -> bool {
        let safe = 1e-200..1e200;
        safe.contains(&self.square) && safe.contains(&self.square_of_other)
    }

    /// Rounding may lead a little beyond 1.
    fn cosine(&self) -> f64 {
        (self.product / (self.square.sqrt() * self.square_of_other.sqrt())).clamp(-1.0, 1.0)
    }
}

/// The largest magnitude; NaN where a number is NaN.
fn largest<T: Copy + Into<f64>>(vector: &[T]) -> f64 {
    let magnitudes = vector.iter().map(|&number| number.into().abs());
    magnitudes.fold(0.0, |largest, magnitude| {
        if magnitude.is_nan() || magnitude > largest {
            magnitude
        } else {
            largest
        }
    })
}

#[cfg(test)]
mod tests {
    use super::cosine;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-14
    }

    #[test]
    fn measures_angles() {
        assert!(close(cosine(&[3.0, 4.0], &[4.0, 3.0]), 0.96));
        assert!(close(cosine(&[1.0, 0.0], &[0.0, 5.0]), 0.0));
        assert!(close(cosine(&[1.0f32, 2.0], &[-2.0f32, -4.0]), -1.0));
    }

    #[test]
    fn a_vector_without_direction_has_nothing_in_common() {
        let none: [f64; 0] = [];
        for score in [
            cosine(&none, &none),
            cosine(&[0.0], &[0.0]),
            cosine(&[0.0, -0.0], &[1e300, 1.0]),
        ] {
            assert!(score == 0.0 && score.is_sign_positive());
        }
    }

    #[test]
    fn squares_beyond_doubles_do_not_matter() {
        for scale in [1e-300, 1e-160, 1e160, 1e300] {
            assert!(close(cosine(&[3.0 * scale, 4.0 * scale], &[4.0, 3.0]), 0.96));
            assert!(close(cosine(&[scale], &[scale]), 1.0));
        }
        assert!(close(cosine(&[f64::MIN_POSITIVE / 8.0], &[-1.0]), -1.0));
    }

    #[test]
    fn what_is_not_finite_has_no_angle() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(cosine(&[1.0, number], &[1.0, 1.0]).is_nan());
            assert!(cosine(&[0.0, 0.0], &[1.0, number]).is_nan());
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_sums(pairs in prop::collection::vec((-1.0..1.0, -1.0..1.0), 1..60)) {
            let (one, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let product: f64 = pairs.iter().map(|(x, y)| x * y).sum();
            let [square, square_of_other]: [f64; 2] = [&one, &other].map(|vector| vector.iter().map(|x| x * x).sum());
            let plain = product / (square.sqrt() * square_of_other.sqrt());
            let score = cosine(&one, &other);
            prop_assert!(close(score, plain) && (-1.0..=1.0).contains(&score), "{} {}", score, plain);
        }
    }
}
