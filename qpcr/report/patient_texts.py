"""Every text of the patient report, by language and key; both have the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ENGLISH = {
    "language": "en",
    "list": "; ",
    "stop": ".",
    "title": "{gene} deletion analysis",
    "title_plain": "qPCR result",
    "preliminary": "PRELIMINARY",
    "simulated": "SIMULATED DATA: no instrument measured this run, no patient was tested.",
    "state_preliminary": "preliminary, not reviewed",
    "state_reviewed": "reviewed, not signed",
    "state_signed": "final, signed",
    "state_amended": "amended, to be reviewed and signed again",
    # who
    "patient": "Patient",
    "sample": "Sample",
    "specimen": "Specimen",
    "timepoint": "Time point",
    "run_started": "Measured",
    "file": "File",
    "not_stated": "not stated",
    # result
    "result": "Result",
    "detected": "Detected: {what}",
    "not_detected": "Not detected",
    "inconclusive": "Inconclusive",
    "invalid": "Invalid",
    "words_detected": "{gene} {what} was detected: exons {first} to {last} are deleted.",
    "words_some": "A deletion of {gene} was detected. The wells pool several primer pairs and "
    "cannot tell which.",
    "words_product": "{what} was detected.",
    "words_not_detected": "None of the deletions this assay looks for was detected: {tested}.",
    "words_inconclusive": "No result can be given yet.",
    "words_invalid": "The examination of this sample is not valid; no result is given.",
    "mixed": "More than one deletion was detected (mixed).",
    "released": "The run's controls failed; {user} released it: {reason}",
    "next": "Next",
    "reasons_more": "({count} more in the run report)",
    # meaning
    "meaning": "What it means",
    "class_dominant negative": "dominant negative: the shortened protein does not bind DNA but "
    "still binds its partners, and hinders what the intact copy makes.",
    "class_loss of function": "loss of function: this copy of the gene makes no working protein.",
    "source": "Source",
    "evidence_study": "printed in the study the panel follows",
    "evidence_computed": "computed from public sequences",
    "evidence_literature": "literature",
    "evidence_unverified": "not verified",
    # map
    "map": "Deletions over the exons of {gene}",
    "map_note": "{refseq}; exons numbered as there. Not to scale; breakpoints lie in the introns "
    "beside the exons lost.",
    "exon": "exon",
    "seen_positive": "detected",
    "seen_negative": "not detected",
    "seen_unclear": "not clear",
    "seen_unusable": "not usable",
    "seen_none": "not tested",
    # method
    "method": "Method and controls",
    "method_value": "Real-time PCR with primers on both sides of the breakpoints, one product for "
    "each deletion; {instrument}. Panel {panel}, version {version}. Positive: a proper "
    "amplification curve with a Ct below {cutoff}.",
    "method_reference": "Real-time PCR; {instrument}. Panel {panel}, version {version}. Positive: "
    "a proper amplification curve with a Ct below {cutoff}.",
    "controls": "Controls",
    "control_line": "{part}: {ok} of {total} targets as they should be",
    "no_controls": "no control wells on this plate",
    "reference": "Reference gene of this sample",
    "limits": "Limits of the assay",
    # curves
    "curves": "Amplification curves of this sample (ΔRn over cycles)",
    "curves_more": "{count} more reactions are in the run report.",
    "cq": "Ct {value} ± {se}",
    "no_cq": "no Ct",
    "answer_positive": "positive",
    "answer_negative": "negative",
    "answer_unclear": "not clear",
    "answer_unusable": "not usable",
    # review
    "review": "Review",
    "reviewed_by": "Reviewed by",
    "signed_by": "Signed by",
    "nobody": "nobody yet",
    "when": "{who}, {when}",
    "one_person": "Reviewed and signed by the same person.",
    "signature": "Signature",
    "history": "History",
    "event_preliminary": "filed",
    "event_reviewed": "reviewed",
    "event_signed": "signed",
    "event_amended": "amended",
    "footer": "{software} · analyzed {created} · SHA-256 of the file {sha256}",
}
_CHINESE = {
    "language": "zh-CN",
    "list": "；",
    "stop": "。",
    "title": "{gene} 基因缺失检测报告",
    "title_plain": "qPCR 检测结果",
    "preliminary": "初步结果 未签发",
    "simulated": "模拟数据：本次运行并非仪器测得，未检测任何患者。",
    "state_preliminary": "初步结果，未审核",
    "state_reviewed": "已审核，未签发",
    "state_signed": "最终结果，已签发",
    "state_amended": "已修改，须重新审核和签发",
    # who
    "patient": "患者编号",
    "sample": "样本",
    "specimen": "标本类型",
    "timepoint": "时间点",
    "run_started": "检测时间",
    "file": "文件",
    "not_stated": "未注明",
    # result
    "result": "检测结果",
    "detected": "检出：{what}",
    "not_detected": "未检出",
    "inconclusive": "无法判定",
    "invalid": "无效",
    "words_detected": "检出 {gene} {what}：外显子 {first} 至 {last} 缺失。",
    "words_some": "检出 {gene} 缺失。同一孔混合了多对引物，不能区分缺失类型。",
    "words_product": "检出 {what}。",
    "words_not_detected": "未检出本检测所针对的缺失：{tested}。",
    "words_inconclusive": "目前不能给出结果。",
    "words_invalid": "该样本的检测无效，不出具结果。",
    "mixed": "检出一种以上缺失（混合型）。",
    "released": "本次运行的对照不合格；由 {user} 放行，理由：{reason}",
    "next": "下一步",
    "reasons_more": "（另有 {count} 条见运行报告）",
    # meaning
    "meaning": "结果意义",
    "class_dominant negative": "显性负效应：缩短的蛋白不能结合 DNA，但仍与其伙伴蛋白结合，"
    "并妨碍正常拷贝所产生的蛋白。",
    "class_loss of function": "功能缺失：该基因拷贝不产生有功能的蛋白。",
    "source": "来源",
    "evidence_study": "检测方案所依据的研究",
    "evidence_computed": "由公开序列计算",
    "evidence_literature": "文献",
    "evidence_unverified": "未经核实",
    # map
    "map": "{gene} 外显子上的缺失",
    "map_note": "{refseq}；外显子按该转录本编号。未按比例绘制；"
    "断裂点位于缺失外显子两侧的内含子内。",
    "exon": "外显子",
    "seen_positive": "检出",
    "seen_negative": "未检出",
    "seen_unclear": "不明确",
    "seen_unusable": "不可用",
    "seen_none": "未检测",
    # method
    "method": "方法和对照",
    "method_value": "跨断裂点引物实时荧光 PCR，每种缺失对应一种产物；{instrument}。"
    "检测方案 {panel}，版本 {version}。阳性标准：扩增曲线正常且 Ct 低于 {cutoff}。",
    "method_reference": "实时荧光 PCR；{instrument}。检测方案 {panel}，版本 {version}。"
    "阳性标准：扩增曲线正常且 Ct 低于 {cutoff}。",
    "controls": "对照",
    "control_line": "{part}：{total} 个靶标中 {ok} 个合格",
    "no_controls": "本板没有对照孔",
    "reference": "本样本的内参基因",
    "limits": "检测局限",
    # curves
    "curves": "本样本的扩增曲线（ΔRn－循环）",
    "curves_more": "其余 {count} 个反应见运行报告。",
    "cq": "Ct {value} ± {se}",
    "no_cq": "无 Ct",
    "answer_positive": "阳性",
    "answer_negative": "阴性",
    "answer_unclear": "不明确",
    "answer_unusable": "不可用",
    # review
    "review": "审核",
    "reviewed_by": "审核者",
    "signed_by": "签发者",
    "nobody": "尚无",
    "when": "{who}，{when}",
    "one_person": "审核与签发为同一人。",
    "signature": "签名",
    "history": "修改记录",
    "event_preliminary": "归档",
    "event_reviewed": "审核",
    "event_signed": "签发",
    "event_amended": "修改",
    "footer": "{software} · 分析时间 {created} · 文件 SHA-256 {sha256}",
}
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"en": MappingProxyType(_ENGLISH), "zh": MappingProxyType(_CHINESE)}
)
