//! The known word that a typed one may stand for.

/// `typed` is none of the `known`: said with the nearest of them, where one is near enough to be meant.
pub(super) fn unknown(what: &str, typed: &str, known: &[String]) -> String {
    let far = |known: &String| strsim::damerau_levenshtein(known, typed);
    let nearest = known.iter().min_by_key(|known| far(known));
    match nearest.filter(|known| far(known) <= 1 + typed.chars().count() / 3) {
        Some(nearest) => format!("`{typed}` is no {what}: did you mean `{nearest}`?"),
        None => format!("`{typed}` is no {what}: {}", known.join(", ")),
    }
}
