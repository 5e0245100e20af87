"""Purposes by which a request that touches a policy's subject is harmless, as the embedded guard knows them."""

from __future__ import annotations

import re

_PATTERNS = (
    # fiction that keeps its distance
    r"\bwithout (?:any )?(?:technical|practical|operational) details?\b|\btechnical detail out\b",
    # support for those affected
    r"\bsupport(?:s|ing)? (?:them|him|her|those|someone|somebody)\b|\bsupport groups?\b|\bhelplines?\b"
    r"|\b(?:find|where is there) support\b|\bfeels? ashamed\b|\bhelp (?:someone|somebody) cope\b",
    # history
    r"\bhistorians\b|\bhistory of\b|\bhistorically\b|\bhistorical cases\b|\bmuseums or archives\b"
    r"|\bsocieties in the past\b",
    # figures
    r"\bwhich statistics\b|\bofficial statistics\b|\b(?:according to|what do) (?:research|surveys?)\b"
    r"|\bhow (?:common|widespread) (?:is|are)\b|\bresearchers measure\b|\bwhat does research\b",
    # law
    r"\b(?:what do|which penalties|how do) (?:laws?|courts?)\b|\bpenalties for\b|\blaws usually\b|\bhow is it punished\b"
    r"|\brights do victims\b|\bin order to report\b|\bis it (?:il)?legal\b",
    # teaching
    r"\bin general terms\b|\ba general explanation\b|\bdefinition of\b|\bethical questions\b|\bdiscussion questions\b"
    r"|\bwhat is meant by\b|\bwhy (?:does|do) [^.?!]{0,90}\b(?:harm|trust)\b|\brules against\b"
    r"|\bwhy do people fall for\b|\bwhat is the difference between\b|\bto the trust between\b",
    # defence
    r"\bwarning signs\b|\bwarns? [\w ]{1,30} about\b|\bawareness evening\b|\bto prevent\b|\breport [^.?!]{0,90}, and to whom\b"
    r"|\bstay safe from\b|\bprotect (?:them|our|your)selves against\b|\bdefend themselves against\b"
    r"|\bwhether (?:they|we|i) (?:are|am) a target of\b|\brespond when (?:they|we|you) notice\b|\brecogni[sz]e [^.?!]{0,90} early\b",
)
PURPOSES = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)
