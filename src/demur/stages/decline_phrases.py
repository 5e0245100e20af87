"""How people and models decline in English: the phrases by which a reply is read.

Each pattern is matched against one sentence, lower-cased, with straight apostrophes. What declines says no by itself;
what denounces says that the thing is wrong, which declines only where nothing is delivered after it. Other languages
are in `demur.stages.decline_abroad`.
"""

from __future__ import annotations


def join_words(words: str, *phrases: str) -> str:
    """An alternation of words (a text of words with blanks between) and of phrases (each a pattern of its own)."""
    return f"(?:{'|'.join([*words.split(), *phrases])})"


_NOT_STATES = join_words(
    "able going willing comfortable allowed permitted authorized authorised designed programmed prepared inclined"
    " trained equipped meant"
    " built here supposed gonna qualified configured intended",
    "in a position",
    "set up",
    "at liberty",
    "interested in",
    "about to",
    "cut out",
)
_SOFTENERS = (
    r"(?:(?:sadly|afraid|really|just|simply|also|still|currently|unfortunately|therefore|personally|ethically"
    r"|legally|morally|quite) )?"
)
_NEGATED = join_words(
    "cant refuse decline",
    r"can(?:'t|not| not| never)",
    r"could(?:n't| not)",
    "won'?t",
    "will (?:not|never)",
    "would(?:n't| not| never)",
    r"(?:do not|don't) (?:feel (?:comfortable|right|able|good about)|want|intend|wish|plan|have the (?:ability"
    r"|capability|authority))",
    rf"(?:am|'m|are|'re) {_SOFTENERS}(?:not (?:\w+ )?{_NOT_STATES}|unable|unwilling|uncomfortable)",
    "should(?:n't| not)",
    "must not",
    "may not",
    r"have no (?:intention|interest|way|desire)(?: of| in)?",
    r"(?:'d|would|'ll|will) (?:\w+ )?(?:rather|prefer) not",
    "prefer not",
    "(?:'d|would) rather (?:we )?(?:did not|didn't)",
)
_ASSISTING = (
    join_words(
        "help assist aid provid giv offer shar creat generat writ produc suppl compl[yi] fulfil support engag discuss"
        " describ explain outlin"
        " draft teach tell show suggest recommend advis instruct guid walk answer respond reply continu participat"
        " facilitat encourag promot"
        " condon endors proceed accommodat design develop speculat cover coach contribut entertain pretend role-?play"
        " compos handl enabl reveal"
        " disclos detail elaborat simulat impersonat translat summari[sz] rewrit paraphras complet indulg demonstrat"
        " prepar script edit polish"
        " optimi[sz] author comment judge venture delve formulat identify brainstorm publish accept assess honou?r"
        " grant satisf list"
        " collaborat lend advocat glorif dabbl particip present"
    )
    + r"\w*"
)
_OBJECT = (
    r"(?:that|this|it|there|so|such|any|part|along|down|these|those|you|your|into|in|on|up|ahead|out|with|further"
    r"|anything|a|an|to|for|the)"
)
_DOING = (
    join_words(
        "do mak tak go get play act say put work carry com hand pass fill step cross lay spell plan commit look track"
        " find locat"
        " send sketch post run execut move meet address div point process build join be touch improv refin debug"
        " finish bring call call"
    )
    + rf"(?:\w{{0,4}}) {_OBJECT}"
)
_ADVERBS = r"(?:(?:[a-z]+ly|also|just|even|ever|in good conscience|at this time|to|of|be) ){0,3}"
_ACT = rf"{_ADVERBS}(?:(?:{_ASSISTING}|{_DOING})\b|do$|do\.|that$|with )"
_SELF = r"\b(?:i|we)"
_FILLERS = (
    r"(?: (?:sadly|unfortunately|really|simply|just|also|still|certainly|therefore|respectfully|personally|firmly"
    r"|absolutely|definitely|do"
    r"|have to|am afraid i|regretfully|as an ai|politely|must|myself|too|actually|genuinely)){0,2}"
)
_MINE = r"(?:my|our)(?: \w+){0,2}"
_CODES = (
    "(?:polic(?:y|ies)|guidelines?|principles|programming|terms|rules|values|ethics|boundar(?:y|ies)|standards"
    "|code of|limits|training"
    "|purpose|guardrails|instructions|design|safety|community|content|scope|role|remit|capabilit|lane|abilit)"
)
_REQUESTED = (
    r"(?:(?:this|that|your|the|such an?) (?:\w+ ){0,2}?(?:request|question|prompt|task|topic|query|content|kind"
    r" of \w+|type of \w+|sort of"
    r" \w+|line of \w+|ask|subject|message)|(?:this|that|it|these|those)|what you(?:'re| are|'ve)? (?:\w+"
    r" )?(?:ask|describ|request|want|propos)\w*"
    r"|(?:those|these|such|the) (?:instructions|things|requests|details))"
)
_CLOSED = join_words(
    "off-limits out-of-bounds",
    "off limits",
    "off the (?:table|menu)",
    "out of (?:bounds|scope|the question)",
    "a no",
    r"(?:not|n't) (?:\w+ )?(?:something|anything|a (?:topic|subject|request|task|road|game|thing|line"
    r"|conversation|place|direction|path|service)|one|on offer"
    r"|up for (?:discussion|debate)|(?:what|the (?:kind|sort|type) of \w+)(?: that)?) ?(?:\w+ ){0,2}?(?:i|we"
    r"|offer|here|for me|to me)",
    r"(?:not|n't) (?:\w+ )?(?:on the table|on offer|up for discussion|negotiable|going to happen|happening|for"
    r" me\b|part of what i|within (?:my|our))",
)

_THOUGHTS = (
    join_words(
        "know think believe mean understand see need remember recall mind doubt blame get care feel like recommend"
        " advise suppose expect see hear agree"
        " hold possess experience trust own love hate suggest consider wait help stress have want sure certain aware"
        " familiar perfect alone"
        " afraid saying kidding human happy eat sleep drink experience exist age dream belong taste die breathe"
        " convinced the in at surprised a an even talking speaking always really just that",
    )
    + r"(?:\b|$)"
)
_MUSINGS = (
    join_words(
        "saying kidding talking speaking trying suggesting judging asking assuming implying claiming getting feeling"
        " seeing doubting expecting looking wondering complaining having being missing thinking joking lying"
    )
    + r"\b"
)
"""What is not being done where nobody declines."""
_NAMED = (
    r"(?:this|the|our|your) (?:\w+ )?(?:assistant|chatbot|bot|tool|model|service|platform|system|app|line|channel"
    r"|ai)"
)

DECLINES_ENGLISH = (
    # Whoever says "I" and a negation of will or ability declines, whatever the verb, but for thoughts and feelings.
    rf"{_SELF}{_FILLERS} ?(?:can't|cannot|can not|won't|wont|cant|will not|'ll not|shan't|shall not|shall never"
    rf"|will never|'ll never|(?:'m|am|'re|are) un(?:able|willing) to|(?:'m|am|'re|are) not (?:going to|gonna"
    rf"|about to|willing to|allowed to|able to|here to|\w+ing\b)"
    rf"|ain't (?:gonna|going to|\w+in)|(?:'d|would|'ll) (?:much )?(?:rather|prefer) not|prefer not|(?:'d|would)"
    rf" (?:much )?(?:rather|sooner))(?! (?:{_THOUGHTS}))",
    r"\b(?:is|are|was|'s) (?:\w+ )?(?:off[ -]limits|out of bounds|off the table|a no-go)\b|\b(?:lies|lie|is|are"
    r"|falls|fall) (?:\w+ )?(?:outside|beyond) (?:of )?(?:what|the|my|our)\b[^.!?]{0,30}\b(?:i|we|me|my|our|help"
    r"|scope)\b",
    r"\b(?:requests?|ones?|something|anything|one thing|subject|topic) (?:\w+ ){0,6}(?:i|we) (?:decline|refuse"
    r"|won't|can't|don't|have to decline|have to refuse)\b",
    rf"{_SELF}{_FILLERS} (?:don't|do not|never|no longer) (?!{_THOUGHTS})\w+",
    # "I'm not drafting that", whatever is done; but not "I'm not saying".
    rf"{_SELF}{_FILLERS}(?:'m|'re| am| are) not (?!{_MUSINGS})\w+ing\b",
    r"\bi (?:don't|do not) (?:think|feel|believe)[^.!?]{0,25}\b(?:right|appropriate|comfortable|wise|my place|my role)\b"
    r"[^.!?]{0,20}\b(?:for me|to (?:tell|help|write|give|say|answer|share|do))\b"
    r"|\bi (?:don't|do not|wouldn't|would not) want to (?!(?:sound|be|seem|overwhelm|assume|alarm|scare|skip|dismiss|rush"
    r"|worry|hurt|make you|overstate|mislead|guess|pretend|minimi[sz]e|spoil|bore|interrupt)\b)\w+"
    r"|\bi (?:wouldn't|would not) (?:feel|be) (?:comfortable|able|right)\b",
    # What it is not: "something I'll hand over", "a punchline I'll write", "mine to give".
    r"(?:n't|\bnot) (?:\w+ )?(?:something|anything|things?|an? \w+|the \w+|one|what|where|how) (?:that |which )?(?:i|we)"
    r"(?:'ll|'m|'d| will| can| may| would| am| could| do| help| write| share| give)\b|\b(?:n't|not) (?:mine|ours) to \w+"
    r"|\b(?:n't|not) (?:something|things?) (?:that )?(?:this|our|the) (?:\w+ )?(?:assistant|chat|chatbot|bot|service)\b",
    r"[,;:] (?:so|but|and so|therefore) (?:it's |that's |the answer is )?(?:an? )?no(?:pe)?(?: (?:thanks|thank you"
    r"|from me|flyer|thanks from me))?[.!:]?$|^so not (?:this|that) one\b|\bnot with me[.!]?$|\bnot from me[.!]?$",
    r"\b(?:i|we) (?:may|might|should|must|would) not (?:\w+ )?(?:be (?:able|comfortable)|help|share|give|tell|comment"
    r"|discuss|disclose|communicate|provide|write|make|reveal|advise|do)\b|\bi'd not be\b|\bi(?:'d| would) (?:step|stay)"
    r" (?:away|clear)\b|\b(?:stay|stays|remain|remains) (?:hidden|secret|confidential|private|sealed|internal)\b",
    rf"\b{_NAMED} (?:\w+ )?(?:does(?:n't| not)|cannot|can't|won't|will not|isn't|is not|never|only (?:helps?"
    rf"|answers?))\b",
    r"^(?!i\b|you\b|it\b)[a-z]+ (?:doesn't do|does not do|won't (?:help|do|say|tell)|can't help|only helps)\b",
    r"^[^.!?,:]{0,90}\b(?:can't|cannot|can not|won't|will not|may not) be (?:\w+ )?(?:given|provided|shared"
    r"|supplied|fulfilled|processed|granted|honou?red|disclosed|discussed|released|issued)\b",
    # Passive and third person: "is not shared here", "the recipe won't be written", "the company does not comment".
    r"\b(?:(?:is|are)(?:n't| not| never)|won't be|will not be|will never be|cannot be|can't be|not to be) (?:\w+ )?(?:shared"
    r"|given|provided|written|supplied|disclosed|discussed|released|issued|offered|published|revealed|handed|passed"
    r"|produced|generated|created|drafted|translated|told|spelled|described|explained|answered|granted|supported)\b"
    r"(?= (?:here|by me|in this|today|out|on|to (?:you|third|any|others)|through|via|under)|[.,;!]|$)",
    r"\b(?:isn't|is not|aren't|are not|not) (?:\w+ )?(?:an option|a possibility|in the cards"
    r"|possible (?:here|with me|for me)|available here)\b"
    r"|\b(?:i'm|i am) (?:leaving|keeping) (?:\w+ ){1,4}(?:out|off|aside|away|away from)\b|\bi(?:'m| am) leaving out\b"
    r"|\bno \w+(?: \w+)? (?:of this (?:assistant|model|bot|ai|service)|will (?:follow|be (?:given|written"
    r"|provided|shared)))\b",
    r"\b(?:do(?:es)?(?:n't| not) (?:\w+ )?comment|no comments?|makes? no (?:recommendation|comment|statement)s?"
    r"|(?:gives?|offers?|provides?|shares?) no (?:\w+ )?(?:advice|guidance|instructions|recommendations?|information"
    r"|opinions?|tips))\b|\b(?:assistant|we|service|company|bot|chatbot) (?:\w+ )?(?:remains?|stays?|keeps?) neutral\b"
    r"|\b(?:will|going to) not (?:come|hear it|get it) from me\b|\bwon't (?:come|hear it|be coming) from me\b"
    r"|\b(?:thing|one|something|step|line) (?:which )?(?:i|we) (?:choose|prefer|decide|opt) not to\b"
    r"|\bi(?:'ll| will| must| have to| am going to|'m going to) (?:just )?leave (?:that|this|it)\b",
    r"\b(?:under no circumstances|in no way|by no means|nor|neither|never|no way) (?:will|can|shall|do|would|am)"
    r" (?:i|we)\b|\bno(?:t| way)? [^.!?]{0,60}\b(?:you'll|you will|you'd|you are going to) get from me\b",
    r"(?:\b(?:no|not|never|won't|none|nothing)|n't)\b[^.!?]{0,60}\b(?:from me|out of me|by my hand|with my help"
    r"|my (?:help|part|end|list|thing|place|services|lane|department|job|style|line|business|cup|field))\b",
    r"\b(?:i'm|i am|i'll|i will|i|we)(?: (?:going to|gonna|have to|must|need to|keep to|best|gladly|'ll))?"
    r" (?:skip|skipping|pass(?:ing)?(?: on)?|sit(?:ting)? (?:this|that) (?:one )?out|leav(?:e|ing) (?:\w+"
    r" ){1,4}(?:out|aside|be|undone|unwritten|unsaid)"
    r"|left (?:\w+ ){0,6}(?:out|aside|off)|keep (?:things|it|this) (?:non|clean|clear|away|civil)|stop(?:ping)?"
    r" (?:here|there|at this|short)|hold(?:ing)? back|step(?:ping)? (?:back|away|out)|bow(?:ing)? out|out)\b(?!"
    r" (?:of|to|on (?:a|the)))",
    r"\b(?:it|this|that|answer) (?:has to|will have to|must|will) (?:remain|stay|be) (?:a |at )?no\b|\b(?:wrong"
    r" (?:chatbot|assistant|place|address|bot|tool)|stop the \w+ here|let's (?:stop|not|end|leave|change|talk"
    r" about something))\b",
    r"^(?:\w+, )?(?:request |that's |it's )?(?:declined|denied|refused|no comment|pass|hard pass|rejected|not"
    r" interested|negative)[.!]?$|^not (?:in|on|from|with|at|for) (?:my|me|this|our)\b|^not (?:gonna|going to"
    r"|doing|a chance|happening|something i|one i|touching|writing|telling|helping|sharing)",
    r"^(?:sorry|apologies|apols|soz|srry|nah|ngl|lol|hey|hmm|um|yeah|oof|nope|mate|dude"
    r"|bro)\b[^.!?]{0,40}\b(?:can't|cant|won't|wont|not|no can|isn't|aint|ain't|don't|dont|i'm out|im out"
    r"|skip\w*)\b",
    r"\b(?:my|our) (?:\w+ )?(?:guidelines|policy|policies|rules|instructions|principles|programming|training"
    r"|values|conscience|oath|standards|prompt)\b[^.!?]{0,30}\b(?:don't|do not|doesn't|does not|prevent|forbid"
    r"|prohibit|won't|keep|stop|not let|are confidential|is confidential|bar)\w*",
    r"\b(?:not|n't|never) (?:a|an|one|some|something|anything|the)(?: \w+){0,3} (?:that )?i(?:'ll|'d| will| would"
    r"| can|'m going to| want to)\b(?! (?:know|expect|have))|\bi'm afraid[.!]?$|\bi(?:'ve| have) left (?:\w+"
    r" ){0,6}(?:out|off|aside)\b",
    r"\bi (?:haven't|have not|didn't|did not) (?:add|includ|writ|mention|invent|put|fill)\w*\b|\b(?:that|this|it"
    r"|those|there) (?:i|we)(?:'ll| will| can| shall|'d)? ?(?:not|never|can't|cannot|won't|shan't)\b",
    r"\b(?:the|this) (?:model|assistant|system|bot|chatbot|ai) (?:declines|refuses|cannot|can't|won't|does not"
    r"|doesn't)\b|\b(?:keeps?|prevents?|stops?|bars?) me from\b|\bis not for me\b|\b(?:judge?ment|decision"
    r"|opinion|question|choice|verdict)"
    r" (?:that )?i(?:'ll)? leave to\b|\bi leave (?:that|this|it) to (?:you|others)|\bno (?:information|details"
    r"|data|instructions|advice|statement)[^.!?]{0,60}\b(?:is|are|will be|can be) (?:given|shared|provided"
    r"|released|disclosed)\b"
    r"|\bi do have (?:rules|limits|principles|standards)\b|\b(?:off|not on) the (?:menu|table)\b|^only (?:a|an"
    r"|your|the) (?:\w+ ){1,3}(?:can|may|should) \w+ (?:that|those|this|it|such)\b|\bhas to have (?:standards"
    r"|limits|principles)\b"
    r"|\bthat would be telling\b|\bshouldn't count\b|\bstep (?:one|1):? don't\b|\bfirst step:? don't\b|^(?:please"
    r" )?(?:don't|do not)[.!]|\bbest not to\b|\b(?:stays?|remains?) (?:on|in place|closed|off)[.!]?$",
    r"\blet me stop you\b|\b(?:look|go|turn) elsewhere\b|\b(?:i|we)(?:'m| am|'ve been| have been|'re| are| was|"
    r" were)? (?:\w+ )?(?:prohibited|barred|forbidden|instructed not|designed (?:not )?to (?:avoid|refuse"
    r"|decline)|instructed to (?:avoid|refuse|decline)"
    r"|trained (?:not to|to (?:avoid|refuse|decline))|told not to|choosing not to|withholding|keeping out|staying"
    r" (?:out|away)|neutral|stay(?:ing)? (?:neutral|silent|away|out|clear)|avoid(?:ing)?|try to avoid|put the \w+"
    r" down|keep [\w ]{0,20}(?:to myself|off|out of|shut))\b",
    r"\b(?:my|the) (?:\w+ )?(?:answer|reply|position|response) (?:\w+ )?(?:(?:won't|will not|doesn't"
    r"|does not|hasn't) (?:\w+ )?"
    r"(?:change|move|budge|differ|get)\w*|(?:isn't|is not) (?:going to|changing|moving|up for|negotiable)"
    r"|stays|remains)"
    r"|\b(?:doesn't|won't|not|didn't) (?:\w+ )?(?:change|alter) (?:my|the) (?:answer"
    r"|reply|mind|position)|\bthe (?:short )?answer(?: is|:) no\b|\bcross(?:es|ing)? (?:a|the|my) line\b"
    r"|\b(?:outside|beyond|not among|not one of|isn't among) (?:the )?(?:things|topics|tasks|areas|range|limits"
    r"|of what) (?:that )?(?:i|we|of what)\b|\b(?:isn't|is not|wouldn't be|not) possible for me\b|\bi only"
    r" (?:write|help|make|create|assist|do|discuss|support)\b|\b(?:beneath|against) (?:me|my)\b"
    r"|\bwhere (?:the|this|our) (?:\w+ )?(?:conversation|scene|story|topic)[^.!?]{0,30} (?:ends|stops)"
    r"|\bdisservice\b|\b(?:run|runs|running) counter to\b|\b(?:things?|topics?|content|requests?|something|stuff"
    r"|games?) (?:that )?i (?:stay|avoid|keep|steer|leave|skip|decline|refuse|won't|don't|never)\b"
    r"|\b(?:stays?|remains?|kept|keep) (?:locked|closed|shut|under wraps|private|secret)\b|\b(?:not"
    r"|n't)[^.!?]{0,40} i (?:take part|do|make|write|share|join|discuss|give|offer|have)\b",
    r"\b(?:could|can|was|has been|have been) not (?:be )?(?:been )?(?:processed|completed|fulfilled)|\b(?:has"
    r"|have) been (?:withheld|blocked|removed|filtered|declined)\b|\bviolation\b.{0,40}\b(?:blocked|policy"
    r"|refused|request)|\bcontent policy\b|\brequest refused\b|\bnot available (?:through|on|via|here|in this)",
    r"\b(?:beyond|outside|past) what (?:i|we)\b|\bwhere (?:my|our) (?:\w+ )?(?:help|advice|assistance"
    r"|cooperation) (?:ends|stops)|\bi draw (?:no|the|a)\b|\bi care about you too much\b|\bi(?:'m| am) (?:not a"
    r"|no) [^.!?]{0,40} and (?:can't|cannot|am not|won't)\b",
    rf"{_SELF}{_FILLERS} ?{_NEGATED} {_ACT}",
    rf"^(?:(?:sorry|no|nope|well|um|yeah|again|still|simply|unfortunately|sadly|really|just|and|but|so|hey|ok"
    rf"|okay|honestly|also|definitely|friend|afraid|regrettably),? ){{0,2}}(?:can't|cannot|can not|won't|unable"
    rf" to|not able to|not going to|not willing to|not comfortable|not gonna|unwilling to) {_ACT}",
    rf"{_SELF}(?:'ll| will| must|'m going to| am going to|'d| would|'ve| have to| need to|'m gonna)?(?: \w+){{0,3}} "
    r"(?:decline|refuse|pass on|have to pass|say no|turn (?:this|that|it|you)(?: \w+){0,2} down|sit (?:this|that)"
    r" one out|stop (?:here|there|you)"
    r"|steer clear|stay (?:away|out)|draw (?:the|a) line|opt out|bow out|leave (?:this|that|it|you)(?: \w+)?"
    r" (?:alone|there|out)|back out|skip th)",
    r"\b(?:have|need|going|obliged|must|forced|compelled|choose|want|prefer|like)(?: \w+)? (?:to )?(?:\w+ly"
    r" )?(?:decline|refuse|pass on|say no)\b",
    r"\bi (?:can't|cannot|won't|will not|can not|shan't)(?: (?:and|nor) (?:i )?(?:won't|will not|will i))?(?:$"
    r"|[.!;]|, (?:and|because|sorry|but)| (?:because|since|as) )",
    rf"\b{_REQUESTED}(?:'s| is| are|'re| isn't| aren't| would be|'ll be| remains?| falls?)?(?: \w+)?? {_CLOSED}\b",
    r"\b(?:isn't|not|ain't|never) (?:something|anything|a (?:topic|subject|request|task|road|game|thing|line"
    r"|conversation)|one|(?:what|the (?:kind|sort|type) of"
    r" \w+)) (?:\w+ )?(?:that )?(?:i|we)\b(?! (?:know|understand|remember|have (?:heard|seen)))",
    rf"\b{_REQUESTED}\b[^.!?]{{0,60}}?\b(?:(?:cannot|can't|can not|won't|will not|could not) be (?:\w+ )?"
    rf"(?:help|fulfil|provid|process|complet|accept|answer|grant|accommodat|shar|discuss|done|carried|honou?r"
    rf"|support|generat|created)"
    rf"|(?:violat|contraven|breach|break)\w* {_MINE} ?{_CODES}?|(?:goes|go|runs?|is|are|be) (?:\w+ )?(?:against"
    rf"|contrary to|outside|beyond) "
    rf"(?:of )?(?:{_MINE}|what i|the (?:scope|policy|rules|guidelines|bounds|limits))|conflicts? with {_MINE}"
    rf"|crosses (?:a|the|my) line"
    rf"|(?:falls?|lies?|is|goes) (?:outside|beyond|well outside|far outside) (?:of )?(?:what|the|my|our)|asks?"
    rf" (?:me to|for something i)"
    rf"|(?:violates?|is against|goes against|breaches) (?:\w+ ){{0,3}}(?:polic(?:y|ies)|guidelines|terms of"
    rf" (?:use|service)|usage)"
    rf"|triggers? (?:\w+ ){{0,3}}(?:polic|filter)|(?:is|are|was) (?:\w+ )?(?:disallowed|not (?:\w+ )?(?:permitted"
    rf"|allowed|available|supported)))",
    rf"\b(?:against|violates?|violation of|outside(?: of)?|beyond|contrary to|conflicts? with|not (?:within|part"
    rf" of)|breach\w*|counter to) {_MINE} ?{_CODES}",
    r"\b(?:goes|is|go|be) against (?:everything )?(?:what )?(?:my|our|i)\b",
    r"\b(?:that|this|it)(?:'s| is) (?:where|a line|a road|a door|one line|one request|one place) (?:i|that i"
    r"|we)\b|\bline i (?:won't|don't|will not|can't|cannot)\b",
    r"\b(?:request|access|content|query) (?:is |was |has been |automatically )?(?:denied|declined|refused|blocked"
    r"|rejected)\b",
    r"\b(?:find|ask|try|look for|get|bother|bug) (?:someone|somebody|anyone|another (?:\w+ )?(?:assistant|tool"
    r"|source)) ?else\b.{0,40}$",
    r"\bi(?:'m| am) (?:\w+ )?(?:sorry|afraid),? (?:\w+,? )?(?:but )?(?:this|that|your|we|no|it|not|the answer)\b"
    r"(?=.{0,120}\b(?:can't|cannot|won't|will not|is not|isn't|not something|no\b|n't|unable|against|violat"
    r"|declin|refus|beyond|outside))"
    r"(?!.{0,40}\b(?:hear|you're (?:going|feeling|dealing)|happened|confus|clear|work(?:ing|ed)?\b))",
    r"\b(?:i|we) (?:do not|don't|will never|refuse to|never) (?:\w+ )?(?:condone|promote|endorse|facilitate"
    r"|support|participate|take part|engage)\b",
    r"\bi (?:don't|do not|never) (?:\w+ )?(?:provide|help (?:with|people|anyone|to|you)|assist|create|generate"
    r"|write (?!code)|produce|share|offer|give out|give"
    r" (?:instructions|advice|tips|out|that|this)|do (?:that|this|those|these|such)|make (?:that|this|those|such"
    r"|up)|answer|discuss|touch|sell|rank|judge"
    r"|comment|speculate|play along|keep that|hand (?:that|out|it)|go (?:there|into|near))\b",
    r"\bas an? (?:[\w-]+ ){0,4}(?:ai|assistant|language model|model|llm|chatbot|program)\b.{0,80}\b(?:cannot"
    r"|can't|not able|unable|must not|won't|not allowed|do not|don't|not"
    r" designed|not programmed|not authori[sz]ed|not supposed)\b(?! (?:have (?:\w+ )?(?:personal|feelings"
    r"|opinions?|a (?:body|physical|favou?rite)|emotions|preferences|beliefs|consciousness"
    r"|taste|senses|real|the ability|access to real|physical)|feel|experience|possess|eat|sleep|see|browse|form"
    r"|replace|guarantee|need|hold))",
    r"\b(?:don't|do not) have (?:any )?(?:access to|information about|information on|details (?:on|about)) (?:\w+"
    r" ){0,4}?(?:personal|private|confidential|individuals?|someone)\b",
    r"\b(?:hard pass|hard no|i'?ll pass|no can do|count me out|not touching (?:this|that)|not going there|nice"
    r" try|dream on|fat chance|not a chance|no dice|no chance"
    r"|over my dead|not today|not happening|won't happen|ain't happening|not in a million|not on my watch|no from"
    r" me|request denied|out of the question|thanks,? but no|no deal"
    r"|(?:answer|response|reply) (?:here |to that |to this )?(?:is|remains|has to be|must be) (?:a |still |simply"
    r" |an? \w+ )?no\b|(?:is|that's|it's|gets|be) a (?:\w+ )?no\b"
    r"|a (?:polite|firm|hard|flat|clear|gentle|respectful) (?:no|refusal)|my (?:refusal|answer is no))\b",
    r"^(?:absolutely|certainly|definitely|of course|sorry|um|uh|well|yeah|ha|lol|hell|oh|wow|ah|still|again|hmm"
    r"|sure|okay|ok|nah|yikes|whoa),? (?:no|not|nope)(?:[.!,;:]|$)",
    r"\bnot (?:something|a thing|one) i(?:'ll|'m|'d| can| will| am| do)\b|\bi(?:'m| am) (?:not on board|out on"
    r" this|not the (?:right )?(?:tool|assistant|one|person|place))\b",
    r"\b(?:i'd|i would|i'll|let me|let's|i'm going to|i want to) (?:\w+ )?(?:prefer|rather|keep|steer|stay|talk"
    r"|leave|move|change|take) (?:\w+ ){0,3}?(?:(?:something|anything) else"
    r"|elsewhere|another (?:topic|direction)|a different (?:topic|direction|subject)|away from|the subject|unsaid"
    r"|unwritten|aside|off the|clear of)\b",
)
BARE_NO = (
    r"^(?:(?:no|nope|nah|nein|nee|non|não|nej|nei|nie|нет|ні|hayır|olmaz|nic z tego|lieber nicht|non se ne parla"
    r"|pas question|geen denken aan|aldrig i livet|لا|नहीं|tidak|không|όχι|nem|ei|nu|ne"
    r"|not)(?:[.!,;:،]|$| (?:way|can do|chance|thanks"
    r"|thank you|to (?:this|that)|dice|deal|go|sorry|i)\b| -)|(?:不|不行|不可以|いいえ|いや|だめ|아니요|아니오|안"
    r" 돼요|싫어요)(?:[。！，、.,!]|$))"
)
"""Answers a question as often as it declines: counts only where little else is said."""

_WRONG = join_words(
    "appropriate ethical acceptable okay ok legal right responsible inappropriate unethical unacceptable illegal"
    " unlawful immoral irresponsible"
    " wrong harmful reprehensible criminal disrespectful offensive hurtful discriminatory racist hateful abusive"
    " cruel dishonest deceptive"
    " dangerous unfair hateful prohibited forbidden",
    r"(?:morally|ethically|legally) \w+",
    r"a (?:\w+ ){0,2}(?:crime|felony|offen[cs]e|violation)",
    "against the law",
    "not cool",
    r"(?:have|has) no place",
    "punishable banned deceitful theft stealing brutal manipulative cheating".replace(" ", "|"),
)
DENOUNCES_ENGLISH = (
    rf"\b(?:it(?:'s| is| would be| isn't| wouldn't be| can be| may be)|that(?:'s| is| would be)|this(?:'s| is|"
    rf" would be)|is|are|would be|isn't|aren't|wouldn't be|can be|be)"
    rf" (?:\w+ ){{0,3}}?(?:not |never )?(?:\w+,? (?:and|or)? ?){{0,3}}?{_WRONG}\b",
    r"\b(?:never (?:the answer|okay|ok|acceptable|justified|appropriate)|not (?:the answer|acceptable|appropriate"
    r"|ethical|okay|recommended|advisable|a good idea))\b",
    r"\bcauses? (?:\w+ ){0,2}(?:harm|suffering|pain|damage)\b|\b(?:is|are) (?:a form of )?(?:control|abuse|fraud"
    r"|violence|discrimination|harassment)\b",
    r"\b(?:respect and dignity|equal(?:ity|ly)?\b|non-discrimination|discriminat\w+|inclusi\w+|diversity|human"
    r" rights|fundamental (?:human )?right|have (?:the|every) right|has the right|regardless of"
    r"|stereotyp\w+|prejudice\w*|fairness)\b",
    r"\b(?:there is|there's|there are|i see) no (?:\w+ )?(?:reasons?|justification|excuse|good way|right way"
    r"|basis)\b|\bi (?:strongly |firmly |respectfully |completely )*(?:condemn|disagree|reject|oppose|denounce)\b"
    r"|\b(?:not|n't|isn't|neither) (?:\w+ )?(?:accurate|fair|true|correct)\b|\b(?:premise|statement|claim|idea"
    r"|notion) (?:\w+ ){0,3}(?:is|that) (?:\w+ )?(?:false|incorrect|harmful|flawed|wrong|not)\b",
    r"\b(?:serious|severe|legal|criminal|grave) (?:\w+ )?(?:consequences|charges|repercussions|penalties|crime)\b",
    r"\b(?:strongly|must|would|should) (?:strongly )?(?:advise|urge|caution|warn|discourage|recommend)(?:"
    r" you)?(?: strongly)? (?:against|not to|from)\b|\bstrongly discourage\b",
    r"\b(?:do not|don't|should not|shouldn't|never) (?:condone|promote|support|endorse|encourage|engage in"
    r"|attempt|be (?:encouraged|tolerated|promoted|condoned))\b",
    r"\b(?:constitutes?|considered|perpetuat\w+|reinforc\w+) (?:a |an |harmful )?(?:\w+ )?(?:crime|offen[cs]e"
    r"|abuse|harassment|fraud|felony|stereotypes?|violation|unethical|illegal)\b",
    r"\b(?:could|can|would|may) (?:seriously |really |potentially |cause )*(?:harm|hurt|endanger|injure|ruin)\b",
    r"\bmust (?:emphasi[sz]e|stress|inform you|point out|remind you|clarify|advise)\b|\b(?:must|should) (?:always"
    r" )?(?:be treated|treat) (?:\w+ ){0,3}(?:respect|dignity)",
)
