"""Makes tokenizer.json-qwen2-like goldens with the Rust library: pip install tokenizers==0.23.2

The tokenizer is trained on this script's own text list, so the result does not depend on the machine.
Run in this folder: python make_tokenizer.py
"""

import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TRAINING = [
    "def constructor(self, value):\n    return self.value + value\n",
    "function toString(value) {\n\treturn `${value}`;\n}\r\n",
    "for (let i = 0; i < values.length; i++) {\n    total += values[i];\n}\n",
    "It's a constructor that doesn't return; they'll call it, we've seen. Grüße, naïve café.",
    "public static void main(String[] args) { System.out.println(\"hello\"); }",
    "漢字かな交じり文 и кириллица 🎉🎉 e\u0301 and \u00e9",
] * 4

CASES = TRAINING[:6] + [
    "",
    " ",
    "\n\n\n",
    "  \n  \t\n   x",
    "a" * 100,
    "12345 67 ٣٤ ½ Ⅷ 8",
    "DON'T WE'LL I'M 'sX 'xyz can't''s",
    "e\u0301 vs \u00e9; \u1112\u1161\u11ab vs \ud55c; \u2126 vs \u03a9",
    "👩‍👩‍👧‍👦 🇩🇪 𝒳𝓎 𐍈",
    "\u00a0nbsp\u2003em\u3000ideo\u2028line\u0085next\ufeffbom\u200bzw",
    "\x00\x01\x7f\x80\xff",
    "a_b.c->d::e(f)[g]{h}<i>;  // x /* y */ # z",
    "tab\tand\r\ncrlf\rcr   trailing   ",
    "<|endoftext|>" [:5] + " <tool",
]


def make(added_special: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=420,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(TRAINING, trainer)
    if added_special:
        tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
        tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return tokenizer


def main() -> None:
    tokenizer = make(True)
    golden = {
        "tokenizer": json.loads(tokenizer.to_str()),
        "cases": [{"text": text, "ids": tokenizer.encode(text).ids} for text in CASES],
        "decoded": tokenizer.decode([65, 300, 256 + 164, 420, 421, 422, 128, 200, 66]),
        "decodedIds": [65, 300, 256 + 164, 420, 421, 422, 128, 200, 66],
    }
    ignoring = json.loads(tokenizer.to_str())
    # A whole word of the vocabulary that the merges would not reach.
    ignoring["model"]["ignore_merges"] = True
    ignoring["model"]["vocab"]["zqzq"] = 423
    other = Tokenizer.from_str(json.dumps(ignoring))
    golden["ignoreMerges"] = {"text": "zqzq zqzq constructor", "ids": other.encode("zqzq zqzq constructor").ids}
    with open("tokenizer.json", "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=True, indent=0)
        file.write("\n")


main()
