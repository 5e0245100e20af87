"""What the embedded guard knows of words: fields of related words, and cues for what a text is after.

A field counts only where the policy itself speaks of it, so the policy stays what decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from demur.engines.embedded.words import list_words, stem, stem_content


@dataclass(frozen=True, slots=True)
class Field:
    """Related words, as stems.

    Attributes:
        acts: words that name the forbidden thing itself; in a field about a harmless topic, all of its words.
        things: words that merely go with it, and prove nothing alone.
        phrases: turns of speech that count as an act; None where there are none.
        harmful: whether it is about doing harm; a harmless one is a topic that a policy may still forbid.
    """

    acts: frozenset[str]
    things: frozenset[str] = frozenset()
    phrases: re.Pattern[str] | None = None
    harmful: bool = True


def _field(acts: str, things: str = "", phrases: str = "", *, harmful: bool = True) -> Field:
    pattern = re.compile(rf"\b(?:{phrases})", re.IGNORECASE) if phrases else None
    return Field(frozenset(stem_content(acts)), frozenset(stem_content(things)), pattern, harmful)


FIELDS: tuple[Field, ...] = (
    _field(
        """
        hack hacker hacking hackbot exploit exploits vulnerability vulnerabilities breach backdoor
        malware virus worm trojan ransomware spyware keylogger payload intrusion botnet ddos denial
        infiltrate exfiltrate cyberattack attack unauthorised unauthorized bypass crack unpatched
        insider hole flaw steal stolen leaked crash extract smuggle illegitimately privileges cyber
        abuse break
        """,
        """
        password server network system laptop account database router computer login software file app
        access data website site phone code administrator admin security browser device printer lock
        """,
        r"take down|(?:admin|administrator|root) rights|read(?:ing)? (?:my|his|her|their|some)[\w' ]{0,25}"
        r"(?:messages|e?mails?|texts)\b|"
        r"(?:get|getting|break|breaking|log|logging) (?:back )?in(?:to)?\b|past the login|"
        r"listen(?:ing)? in|take over|taking over|"
        r"(?:knock\w*|tak\w+|bring\w*) \S+ .{0,30}(?:offline|down)|(?:pull|copy|copying|move|"
        r"moving) (?:the |a )?.{0,30}"
        r"(?:files?|database|data|messages)\b|remote access|(?:runs?|works?) unattended|isn't mine|not mine",
    ),
    _field(
        """
        phish phishing spam spammer scam scams scammer spoof bogus fake fraud fraudulent fraudster
        impersonate pretend pose trick lure fool deceive deception con swindle victim unsolicited crook
        harvest scrape advance-fee pretext spear lottery urgent convincing talk personate excuse
        dishonest panic befriend mass bulk
        """,
        """
        email mail message text letter link click attachment sender recipient bank password code card
        invoice login customer newsletter filter credential pensioner call voicemail address helpdesk
        subject address shop transfer identity campaign webmail charity rent details account
        """,
        r"gift cards?|random numbers|so (?:that )?\w+ (?:enter|give|send|hand|click)|"
        r"get (?:\w+ ){1,4}to send me|"
        r"(?:looks?|sounds?) like (?:it comes|the)|as if i were|make it believable|saves? whatever|"
        r"should have left alone|"
        r"(?:asks?|asking|telling|tell) [\w ]{0,40}(?:for|to enter|to give) [\w ]{0,12}(?:card|bank|login|"
        r"details|password|code)|"
        r"empt(?:y|ies) the accounts|bought list|hide the unsubscribe|grow suspicious|caught by (?:a|"
        r"the) filter|(?:past|around) (?:a |the )?(?:spam )?filters?",
    ),
    _field(
        """
        sabotage blackout outage cripple paralyse paralyze jam poison disrupt disable shut attack
        attacker strike overload flood derail knock silence overwrite malware damage crash target
        vulnerable cyberattack weak tamper red stop fake cut adversary
        """,
        """
        infrastructure grid power electricity water hospital transport railway rail metro airport
        pipeline dam utility substation signal traffic light generator emergency ambulance refinery
        factory plant controller valve gas heating port crane satellite navigation mast internet island
        network radio alarm operator banking industrial system chemical service main passwords
        """,
        r"(?:take|taking|took) (?:over|control)|(?:switch|switching|turn|turning|cut|cutting|shut|"
        r"shutting) (?:\w+ ){0,4}?"
        r"(?:off|down|red)\b|(?:bring|bringing|knock|knocking) (?:\w+ ){0,5}?(?:down|out|offline)|"
        r"black(?:ing)? out|"
        r"trip the|unseen|log in remotely|gets? past",
    ),
    _field(
        """
        stalk stalker track tracking dox doxx spy surveillance eavesdrop covert secretly unmask
        deanonymise expose identify follow tail consent blackmail peep snoop locate find collect
        """,
        """
        location address phone number private personal message photo ex girlfriend boyfriend neighbour
        coworker partner employee name home person information individual contact details whereabouts
        """,
        r"without (?:her|his|their|them|him) knowing|where [\w' ]{1,20}lives?\b|home address",
    ),
    _field(
        """
        suicide suicidal self-harm selfharm self-injury harm hurt kill die dying overdose cut cutting
        starve purge anorexia bulimia painless end glorify romanticise
        """,
        """
        pill method myself body family hide bandage doctor disorder eating
    """,
    ),
    _field(
        """
        launder laundering evade evasion embezzle bribe bribery insider forge forged forgery counterfeit
        fraud fraudulent conceal undeclared offshore kickback dodge manipulate ponzi rig backdate fake
        """,
        """
        money tax taxes asset invoice bank account cash income share stock trading regulator auditor
        books creditor accounting company receipt statement payslip investor
        """,
        r"(?:hide|hiding) (?:\w+ ){0,4}from|dirty (?:cash|money)|off the books",
    ),
    _field(
        """
        misinformation disinformation false fake fabricate fabricated hoax rumour rumor mislead
        misleading propaganda conspiracy deepfake lie doctored discourage untrue invented bogus rig
        """,
        """
        election vaccine vote voter news article story claim quote statistic health media post study
        headline
        """,
    ),
    _field(
        """
        hate hateful slur slurs racist racism sexist demean dehumanise dehumanize insult stereotype
        bully bullying harass harassment discriminate discrimination mock humiliate bigot inferior
        degrade belittle vermin deny fun ridicule attack violence
        """,
        """
        ethnic religion gender disability disabled minority minorities immigrant group women race faith
        orientation joke people atrocity
        """,
    ),
    _field(
        """
        weapon gun bomb explosive firearm ammunition silencer grenade detonate arson shoot stab poison
        """,
        "build buy make range",
    ),
    _field(
        """
        drug drugs cocaine meth heroin opioid dealer trafficking narcotic synthesise illicit
    """,
        "lab sell buy supply customs",
    ),
    _field(
        """
        steal theft thief burgle burglary rob robbery shoplift pickpocket loot stolen
    """,
        "house car shop store safe",
    ),
    _field("""plagiarise plagiarism cheat cheating ghostwrite contract""", "exam essay homework thesis test"),
    _field(
        """
        garden gardening gardener tomato tomatoes plant plants planting water watering prune pruning
        soil compost seed seedling lawn flower rose vegetable herb weed fertiliser mulch hedge bulb
        greenhouse grow repot tulip sow
        """,
        harmful=False,
    ),
    _field(
        """
        cook cooking bake baking recipe oven boil fry roast dish kitchen bread cake soup sauce dough
        meal simmer pasta rice ingredient
        """,
        harmful=False,
    ),
    _field(
        """
        sport sports football soccer tennis match league goal coach marathon swim basketball score
        athlete referee
        """,
        harmful=False,
    ),
    _field(
        """
        weather rain forecast snow storm temperature sunny cloud wind humidity
    """,
        harmful=False,
    ),
    _field(
        """
        travel trip flight hotel visa itinerary holiday vacation tourist passport sightseeing
    """,
        harmful=False,
    ),
    _field(
        """
        music song guitar piano melody chord band concert album singer violin
    """,
        harmful=False,
    ),
    _field(
        """
        medical medicine diagnose diagnosis dose dosage symptom prescription treatment tablet disease
        fever rash headache ibuprofen milligram medication therapy
        """,
        harmful=False,
    ),
    _field(
        """
        legal law lawyer lawsuit sue court contract attorney liability statute judge
    """,
        harmful=False,
    ),
    _field(
        """
        invest investment stock share bond fund crypto portfolio dividend etf
    """,
        harmful=False,
    ),
    _field(
        """
        politics political party president election candidate parliament senator vote
    """,
        harmful=False,
    ),
    _field("""pet pets dog cat puppy kitten leash litter hamster vet""", harmful=False),
)

HARM_STEMS = frozenset().union(*(field.acts for field in FIELDS if field.harmful)) | frozenset(
    stem_content("illegal crime criminal harm dangerous violate slander defame sabotage threaten extort abuse exploit")
)
"""Words by which a policy shows that it forbids harm, not merely a topic."""

DULL_STEMS = frozenset(
    stem(word)
    for word in list_words("""
    use using used make get give take help person people user users someone anybody thing things way
    ways good best new other general information content request requests ask asks asking assistant
    model want wants need needs known real such type types kind kinds form different order include
    including related seek provide providing generate create write writing produce one activity
    activities advantage something case strong policy reply answer response contain talk tell show
    explain describe plan work open clean turn part step day time word first question
    """)
)
"""Words too common to show what a text is about."""


def _compile(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_YOU = r"(?:i|we|you|one|he|she|they|someone|somebody|people|users?|anyone|a \w+|an \w+|my \w+|our \w+|[a-z]+s)"
_GUARDING = (
    r"(?:recogni[sz]e|spot|detect|prevent|protect|report|secure|defend|safeguard|stop|block|identify|notice|"
    r"avoid(?! when i\b)|guard|respond|react|recover|prepare|harden|patch|reduce|check|verify|warn|support|"
    r"comfort|unsubscribe|"
    r"flag|tell (?:if|whether|apart)|cope|survive|deal with|opt out|disclose|stay safe|"
    r"declare|correct|counter|debunk|teach|train)"
)
ASKING = _compile(
    r"\?",
    r"\bhow\b",
    r"^\W*(?:please\s+)?(?:\w+,\s+)?(?:give|write|tell|show|teach|explain|make|draft|list|create|build|"
    r"help|describe|"
    r"outline|compose|generate|translate|rewrite|turn|convert|rank|compare|suggest|act|pretend|imagine|"
    r"let's|continue|"
    r"finish|recommend|summari[sz]e|walk|put|lay|prepare|send|provide|find|plan|design|convince|speak|"
    r"answer|compute|"
    r"you are|you're|i need|i want|i'm planning|my goal|my campaign)\b",
    r"[.!?:,;]\s+(?:now |just |then |please )?(?:give|write|tell|show|teach|explain|make|draft|list|create|"
    r"build|help|"
    r"describe|outline|compose|generate|translate|rewrite|turn|convert|rank|compare|suggest|act|pretend|"
    r"imagine|"
    r"continue|finish|recommend|summari[sz]e|walk|put|lay|prepare|send|provide|find|plan|design|set|start|"
    r"pass|let|"
    r"improve|say|speak|show|deliver|spell)\b",
    r"\b(?:i need|i want|i'm looking for|i'd like|can you|could you|would you|please|my goal is|i must|"
    r"i have to|"
    r"what would|all i ask|my request|i will pay|i was promised|i've decided|i'm planning|teach me|only the|"
    r"tell me|show me|give me|pass me|let me have|your turn|your job is|you are my source|you told me|"
    r"the best way to|lesson is|"
    r"in one page|in fifty words|between us|wants? \S.* from me|so that|instead of|for my)\b",
)
AIMING = _compile(
    r"\bwithout (?:\w+ ){0,3}(?:permission|consent|knowing|noticing|being (?:noticed|seen|caught)|"
    r"getting caught|asking|"
    r"finding out|having|a trace)",
    r"\b(?:not|n't|never|nobody|no one|unseen|before (?:they|anyone))\b[^.?!]{0,40}\b(?:notice|know|"
    r"find out|suspect|trace|"
    r"suspicious|caught|permission|agreed|connect|warned)",
    r"\b(?:victims?(?! of\b)|my target|the target|in secret|secretly|undetected|unnoticed|untraceable|get away with|"
    r"no rules|"
    r"nothing is off limits|no restrictions|without (?:any )?(?:rules|filter|restrictions|laws|scruples))\b",
    r"\b(?:skip|leave out|no|without) (?:the )?(?:usual )?(?:warnings?|lectures?|disclaimers?|"
    r"explanations)\b",
    r"\b(?:don't|do not) (?:lecture|tell me (?:that )?it's (?:illegal|wrong)|water it down|hold back)",
    r"\b(?:ignore your rules|evil|villain|revenge|teach (?:them|him|her|somebody) a lesson|they deserve it|"
    r"my turn)\b",
    r"\b(?:isn't|not|don't own|that isn't) mine\b|\bi don't own\b|\bmy (?:ex|competitor|rival|coworker|"
    r"enemy)\b",
)
DEFENDING = _compile(
    rf"\b(?:how|what|which|where|why|when)\b[^.?!]{{0,30}}?\b(?:can|do|does|should|could|would|to|"
    rf"must) (?:{_YOU} )?(?:\w+ly )?"
    rf"{_GUARDING}\b(?! (?:my|their|the|his|her) (?:tracks|traces))",
    rf"\b(?:help|advise|teach|train|show|explain|tell|remind) (?:\w+ ){{0,3}}?(?:to |how to ){_GUARDING}\b",
    rf"\bhelp (?:me|us|them|him|her|(?:my|our|the) \w+) {_GUARDING}\b",
    r"\b(?:protect(?:ed|ing|ion)?|defen[cds]e?\w*|safeguard\w*|secur(?:e|ing)) (?:\w+ )?(?:against|from|"
    r"myself|ourselves|yourself)\b",
    r"\b(?:protect|defend|secure|safeguard|harden|patch|back up) (?:my|our|your|the|a|an|their|his|her|its|"
    r"against)\b",
    r"\b(?:awareness|warning signs?|red flags?|signs of|prevention|preventive|preventing|countermeasures?|"
    r"best practices?)\b",
    r"\b(?:anti-\w+|detector|spam folder|responsible disclosure|bug bounty|helpline|hotline number|"
    r"support group)\b",
    r"\b(?:i|we|my \w+|our \w+|someone) (?:was|were|got|have been|'ve been|has been|may have been|"
    r"think i was|think my) "
    r"(?:\w+ )?(?:hacked|phished|scammed|tricked|stalked|defrauded|doxxed|harassed|attacked|robbed|bullied|"
    r"a victim)\b",
    r"\b(?:what (?:is|are|does|was|were|did)|define|definition of|history of|meaning of|difference between|"
    r"why (?:is|are|do|does|did))\b"
    r"(?! (?:it take|one|i|we|you)\b)(?![^.?!]{0,300}\b(?:easiest|best|fastest|quickest|way|ways|trick|do it|"
    r"do i|moment)\b)",
    r"\b(?:is (?:it|this|that) (?:legal|illegal|lawful)|penalt(?:y|ies) for|punish\w*|laws? (?:on|against|"
    r"about|say\w*)|"
    r"research on|statistics on|where (?:do|can|should) i report|report (?:it|this|them|him|her|an?|to))\b",
    r"\bafter (?:i|we|my \w+) (?:clicked|opened|gave|lost|was|were|fell)\b",
    r"\bavoid (?:being|getting|falling|becoming|spreading|\w+ing)\b",
    r"\b(?:worried|worry|concerned|afraid) (?:\w+ ){0,3}?(?:about|that)\b",
)
DECLINING = _compile(
    r"\b(?:can't|cannot|can not|won't|will not|wouldn't|couldn't|unable to|not able to|not going to|"
    r"not willing|"
    r"(?:have to|must) leave out|not in a position|don't (?:want to|help|assist|provide|support|comment|"
    r"take|do|give|write|describe))\b",
    r"\b(?:declin(?:e|es|ing)|refus(?:e|es|ing)|off limits|off the table|say no|a no from|isn't something|"
    r"is not something|"
    r"not something|rather not|hold back|pass on|draw the line|where i (?:stop|draw)|leave (?:that|this|"
    r"it)|is out\b|"
    r"must refuse|have to refuse|no comment|for others to judge|going to pass|sorry, but|prefer to leave|"
    r"stop: )",
    r"\b(?:in general terms|general information|only in general|limits to what i can say|not a road|"
    r"another direction|"
    r"speak generally|no professional advice|without (?:a |any )?(?:usable|ready-made|working|realistic)|"
    r"no [\w ]{1,60}from me|"
    r"happily lose|though not|though i won|but not with|no different|so no\.|no, i|another game|"
    r"can do without|would deceive|would betray|still a plan)\b",
)
COMPLYING = _compile(
    r"^\W*(?:sure|certainly|of course|absolutely|gladly|no problem|okay|ok|great|yes)\b",
    r"\bhere(?:'s| is| are) (?:a|an|the|your|how|some|what|one|my)\b",
    r"\bstep (?:1|one)\b",
    r"(?m:^[^\S\n]*(?:1[.)]|- |\* ))",
    r"```",
    r"(?m:^[^\S\n]*subject:)",
    r"\b(?:first|begin by|start by)\b[^.]{0,80}[.;,]? (?:then|next|after that|afterwards|finally)\b",
    r"\byou (?:should|need to|will need|'ll need|must|could|want to|would) (?!to know|tell|ask|report|see|"
    r"talk|consider|contact)",
    r"\b(?:make sure|simply|all you need|the trick is|the best way)\b",
    r"\bdear (?:customer|sir|user|client|friend)\b",
    r"\b(?:click here|log in below|verify your account)\b",
)
